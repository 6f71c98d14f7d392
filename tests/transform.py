"""Prints what CloudFormation makes of template.yaml, as JSON. Arguments: parameters, as NAME=VALUE."""

import json
import os
import sys

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class NoManagedPolicies:
    def load(self):
        return {}


os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
with open("template.yaml", encoding="utf-8") as file:
    template = yaml_parse(file.read())
for resource in template["Resources"].values():
    # A deployment uploads the code first, and puts this in the place of the folder.
    if resource["Type"] == "AWS::Serverless::Function":
        resource["Properties"]["CodeUri"] = "s3://bucket/key"
parameters = dict(argument.split("=", 1) for argument in sys.argv[1:])
print(json.dumps(transform(template, parameters, NoManagedPolicies())))
