//! Tests of `make import`, which sends a file with customers to the API in parts.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Stdio},
    time::Duration,
};

use padron_domain::Clock;
use padron_local::{
    data_dir::DataDir,
    demo,
    import::{self, Import},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use crate::commands::{free_port, padron};

/// The local stack, which ends with the test.
struct Stack {
    server: Child,
    port: u16,
    folder: TempDir,
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

impl Stack {
    async fn start() -> Self {
        let (folder, port) = (TempDir::new().unwrap(), free_port());
        let mut server = padron();
        server.arg("--data").arg(folder.path().join("data")).args(["serve", "--port", &port.to_string()]);
        let stack = Self { server: server.stdout(Stdio::null()).spawn().unwrap(), port, folder };
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(Instant::now() < deadline, "the API did not start");
            sleep(Duration::from_millis(20)).await;
        }
        stack
    }

    fn data_dir(&self) -> DataDir {
        DataDir::open(&self.folder.path().join("data")).unwrap()
    }

    /// Writes a file, and returns an import of it.
    fn of(&self, name: &str, content: &[u8]) -> Import {
        let file: PathBuf = self.folder.path().join(name);
        fs::write(&file, content).unwrap();
        let issuer = self.data_dir().issuer().unwrap();
        let token = issuer.token(&issuer.claims(demo::OWNER, Clock::System.now().seconds(), 3600));
        Import {
            file,
            organization: demo::organization(demo::ACME),
            map: import::Map::None,
            updates: false,
            ignores_unknown: false,
            base_url: format!("http://127.0.0.1:{}/api", self.port),
            credential: ("authorization", format!("Bearer {token}")),
        }
    }

    async fn run(&self, import: Import) -> Result<String, String> {
        import::run(import, &self.data_dir()).await
    }
}

#[tokio::test]
async fn a_file_is_sent_in_parts_and_reported() {
    let stack = Stack::start().await;
    // More than one part, with line breaks in cells, so that lines and rows differ.
    let row = |number: usize| format!("E{number};\"Cliente {number}\";\"Calle\nUno\"\r\n");
    let csv = "clave;razón social;calle\r\n".to_owned() + &(0..1200).map(row).collect::<String>();
    assert_eq!(stack.run(stack.of("a.csv", csv.as_bytes())).await.unwrap(), "1200 created");
    assert_eq!(stack.run(stack.of("a.csv", csv.as_bytes())).await.unwrap(), "1200 unchanged");
    let too_long = "x".repeat(301);
    // The wrong rows are named by their lines in the file, and the others are imported.
    let wrong = csv.replace("E1100;\"Cliente 1100\"", &format!("E1100;\"{too_long}\""))
        + "E1;\"Otro\";\r\nN-1;\"Nuevo\";\r\n";
    let report = stack.run(stack.of("b.csv", wrong.as_bytes())).await.unwrap_err();
    assert!(report.starts_with("1 conflict, 1 created, 1 error, 1199 unchanged\n"), "{report}");
    let errors = fs::read_to_string(stack.folder.path().join("b.csv.errors.csv")).unwrap();
    let lines: Vec<&str> = errors.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(lines, ["line", "2202", "2402"], "{errors}");
    let mended = wrong.replace(&too_long, "Cliente");
    let upsert = Import { updates: true, ..stack.of("b.csv", mended.as_bytes()) };
    assert_eq!(stack.run(upsert).await.unwrap(), "1200 unchanged, 2 updated");
    // A file in Windows-1252.
    let latin = stack.of("c.csv", b"clave,raz\xf3n social\nL-1,Compa\xf1\xeda\n");
    assert_eq!(stack.run(latin).await.unwrap(), "1 created");
}

#[tokio::test]
async fn customers_of_other_systems_are_mapped() {
    let stack = Stack::start().await;
    let facturapi = json!([{
        "id": "65a0e6c56d04f840aa8438a1", "created_at": "2017-05-05T20:55:33.468Z", "livemode": false, "organization": "x",
        "legal_name": "Empresa de Muestra", "tax_id": "ABC101010111", "tax_system": "601", "email": "a@b.mx", "phone": "6474010101",
        "curp": "XEXX010101HNEXXXA4", "default_invoice_use": "G01", "external_id": "f-1", "sat_validated_at": null, "edit_link": null,
        "edit_link_expires_at": null,
        "address": { "street": "Blvd. Atardecer", "exterior": "142", "zip": "86500", "state": "Tabasco", "country": "MEX" },
    }])
    .to_string();
    for expected in ["1 created", "1 unchanged"] {
        let import = Import { map: import::Map::Facturapi, ..stack.of("f.json", facturapi.as_bytes()) };
        assert_eq!(stack.run(import).await.unwrap(), expected);
    }
    // A child stands before its parent, in another part of the file.
    let child = json!({
        "id": 2, "name": "Child", "type": "CPOSubsidiary", "country": "DK", "externalId": null, "owner": { "id": 1, "name": "Parent" },
        "contactDetails": { "name": "Bo", "email": "b@x.dk", "phone": "+45" }, "billingDetails": { "vatNumber": "DK1", "zipCode": "1000" },
        "cpo": { "id": 1, "name": "Parent" }, "financialSetup": { "language": "DA", "currency": "DKK" }, "locations": [7],
        "payoutInformation": { "iban": null },
    });
    let others = (100..700)
        .map(|number| json!({ "id": number, "name": "Other", "type": "business", "country": "DK" }));
    let parent = json!({ "id": 1, "name": "Parent", "type": "CPO", "country": "DK" });
    let spirii: String =
        [child].into_iter().chain(others).chain([parent]).map(|line| format!("{line}\n")).collect();
    for expected in ["602 created", "602 unchanged"] {
        let import = Import { map: import::Map::Spirii, ..stack.of("s.ndjson", spirii.as_bytes()) };
        assert_eq!(stack.run(import).await.unwrap(), expected);
    }
    // What is unknown is told, and not lost.
    let unknown = json!({ "id": 9, "name": "X", "type": "business", "surprise": true }).to_string();
    let import = Import { map: import::Map::Spirii, ..stack.of("u.ndjson", unknown.as_bytes()) };
    assert!(stack.run(import).await.unwrap_err().contains("unknown_field"));
}

#[tokio::test]
async fn an_import_that_was_killed_goes_on() {
    let stack = Stack::start().await;
    let rows = (0..3000).map(|number| json!({ "externalId": format!("E{number}"), "legalName": "Cliente" }));
    let text: String = rows.map(|row| format!("{row}\n")).collect();
    for _ in 0..3 {
        // Dropped at any point, like a process that is killed.
        _ = timeout(Duration::from_millis(300), stack.run(stack.of("a.ndjson", text.as_bytes()))).await;
    }
    stack.run(stack.of("a.ndjson", text.as_bytes())).await.unwrap();
    // Once more from the beginning: every row is there, once.
    assert_eq!(stack.run(stack.of("b.ndjson", text.as_bytes())).await.unwrap(), "3000 unchanged");
}

#[tokio::test]
async fn what_cannot_be_imported_is_explained() {
    let stack = Stack::start().await;
    for (name, content, expected) in [
        ("a.xlsx", &b"PK"[..], "Save it as CSV"),
        ("a.pdf", b"%PDF", "FILE ends in"),
        ("a.csv", b"", "names of the columns"),
        ("a.csv", b"x,y\n1,2\n", "Column 1 is unknown"),
        ("a.json", b"[{\n", "The file cannot be read as JSON"),
        ("a.ndjson", b"{\n", "1 row was not imported"),
        ("a.csv", b"nombre,clave\nA,\"x\nB,y\n", "Line 2: A quotation mark"),
    ] {
        let problem = stack.run(stack.of(name, content)).await.unwrap_err();
        assert!(problem.contains(expected), "{name}: {problem}");
    }
    let file = b"clave,nombre\n1,2\n";
    let spirii = Import { map: import::Map::Spirii, ..stack.of("a.csv", file) };
    assert!(stack.run(spirii).await.unwrap_err().contains("for JSON"));
    let with_key = Import { credential: ("x-api-key", "nonsense".into()), ..stack.of("a.csv", file) };
    assert!(stack.run(with_key).await.unwrap_err().starts_with("401"));
    assert!("excel".parse::<import::Map>().is_err());
    // A list as another system returns it, with one wrong customer.
    let page =
        json!({ "page": 1, "data": [{ "externalId": "P1", "legalName": "Uno" }, { "externalId": "P2" }] });
    let report = stack.run(stack.of("p.json", page.to_string().as_bytes())).await.unwrap_err();
    assert!(report.starts_with("1 created, 1 error\n"), "{report}");
    let empty: Value = json!([]);
    let report = stack.run(stack.of("e.json", empty.to_string().as_bytes())).await.unwrap();
    assert_eq!(report, "The file has no rows.");
}
