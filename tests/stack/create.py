"""Creates what template.yaml describes in moto, which stands for AWS, and looks at what has come out of it.

Functions and the API are left out: moto would run them with Docker. Before, cfn-lint checks the template, as it is written and as the SAM
transform makes it.

Usage: create.py
"""

import ast
import json
import os
import subprocess
import sys
import tempfile

import boto3
from moto import mock_aws

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARIES = os.path.dirname(sys.executable)
CREATED = [
    "AWS::DynamoDB::Table", "AWS::IAM::Role", "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::SQS::Queue",
]
PARAMETERS = {"JwtIssuer": "https://issuer.example/", "JwtAudience": "padron", "RootSecret": "A" * 44, "EventBusName": "operator"}
ENVIRONMENT = {
    **os.environ, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
}


def transform():
    """Returns the template after the SAM transform."""
    command = [sys.executable, "tests/transform.py", *(f"{name}={value}" for name, value in PARAMETERS.items())]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def lint(path, *ignored):
    done = subprocess.run([os.path.join(BINARIES, "cfn-lint"), "--regions", "us-east-1", "eu-west-1", "--ignore-checks", "none", *ignored, "--", path], env=ENVIRONMENT)
    if done.returncode != 0:
        sys.exit(f"cfn-lint finds something in {path}.")


def prepared(template):
    """Returns the part of the template that moto creates, with what CloudFormation makes up and moto does not."""
    resources = {name: one for name, one in template["Resources"].items() if one["Type"] in CREATED}
    for name, resource in resources.items():
        properties = resource.setdefault("Properties", {})
        if properties.get("FifoQueue"):
            properties.setdefault("QueueName", f"{name}.fifo")
        if resource["Type"] == "AWS::KMS::Key":
            properties.setdefault("KeyPolicy", {"Version": "2012-10-17", "Statement": []})
    return {**{name: part for name, part in template.items() if name != "Outputs"}, "Resources": resources}


def expect(is_so, what):
    if not is_so:
        sys.exit(f"The stack is not as template.yaml is meant: {what}")


def of_type(template, kind):
    return {name: one for name, one in template["Resources"].items() if one["Type"] == kind}


def check(template):
    """Creates the stack, and looks at its resources."""
    cloudformation = boto3.client("cloudformation")
    parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in PARAMETERS.items()]
    body = json.dumps(prepared(template))
    cloudformation.create_stack(StackName="padron", TemplateBody=body, Parameters=parameters, Capabilities=["CAPABILITY_IAM"])
    status = cloudformation.describe_stacks(StackName="padron")["Stacks"][0]["StackStatus"]
    expect(status == "CREATE_COMPLETE", f"its status is {status}")

    dynamodb = boto3.client("dynamodb")
    (table_name,) = dynamodb.list_tables()["TableNames"]
    table = dynamodb.describe_table(TableName=table_name)["Table"]
    described = of_type(template, "AWS::DynamoDB::Table")["Table"]["Properties"]
    expect(table["KeySchema"] == described["KeySchema"], "the table has other keys")
    indexes = lambda all_indexes: {one["IndexName"]: one["KeySchema"] for one in all_indexes}
    expect(indexes(table["GlobalSecondaryIndexes"]) == indexes(described["GlobalSecondaryIndexes"]), "the table has other indexes")
    expect(table["StreamSpecification"]["StreamViewType"] == described["StreamSpecification"]["StreamViewType"], "the stream is another")
    expect(table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST", "the table is not paid by request")

    sqs = boto3.client("sqs")
    urls = sqs.list_queues()["QueueUrls"]
    queues = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"] for url in urls]
    names = {queue["QueueArn"] for queue in queues}
    expect(any(queue.get("FifoQueue") == "true" for queue in queues), "there is no FIFO queue")
    for queue in queues:
        redrive = json.loads(queue.get("RedrivePolicy", "{}"))
        expect(not redrive or redrive["deadLetterTargetArn"] in names, "a dead-letter queue is missing")

    expect(len(boto3.client("kms").list_keys()["Keys"]) == 1, "there is not one key")
    expect(len(boto3.client("s3").list_buckets()["Buckets"]) == 1, "there is not one bucket")
    # moto's CloudFormation leaves this property out.
    (bucket,) = of_type(template, "AWS::S3::Bucket").values()
    blocked = bucket["Properties"]["PublicAccessBlockConfiguration"]
    expect(len(blocked) == 4 and all(blocked.values()), "the bucket may become public")

    iam = boto3.client("iam")
    roles = [role for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
    functions = of_type(template, "AWS::Lambda::Function")
    expect(len(roles) == len(functions), f"{len(functions)} functions have {len(roles)} roles")
    arn = table["TableArn"]
    for role in roles:
        name = role["RoleName"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            if isinstance(document, str):
                # moto's CloudFormation keeps it as Python writes it.
                document = ast.literal_eval(document)
            statements = document["Statement"]
            for statement in statements if isinstance(statements, list) else [statements]:
                actions, resources = ([part] if isinstance(part, str) else part for part in (statement["Action"], statement["Resource"]))
                expect(not any("*" in action for action in actions), f"{name} may do {actions}")
                expect("*" not in resources, f"{name} may use every resource")
                for resource in resources if any(action.startswith("dynamodb:") for action in actions) else []:
                    expect(resource == arn or resource.startswith(f"{arn}/"), f"{name} may use {resource}")
    print(f"A stack of {len(template['Resources'])} resources: {len(functions)} functions, each with a role of its own; the table with "
          f"{len(table['GlobalSecondaryIndexes'])} indexes, {len(queues)} queues, a key and a bucket were created.")


def main():
    os.environ.update(ENVIRONMENT)
    lint(os.path.join(ROOT, "template.yaml"))
    template = transform()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "transformed.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(template, file)
        # W1020: the transform replaces the variables of Fn::Sub.
        lint(path, "W1020")
    with mock_aws():
        check(template)


if __name__ == "__main__":
    main()
