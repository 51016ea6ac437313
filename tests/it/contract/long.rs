//! The documents before the tools of others, which are fetched: their meta-schemas, and schemathesis
//! against a bridge.

use crate::contract::printed;
use crate::support::rig::{PASSWORD, Rig, USER};
use std::fs;
use std::process::Command;
use testkit::children::done;
use testkit::python::venv;

/// What is fetched from PyPI and from npm, in these versions.
const PYTHON_TOOLS: [&str; 3] =
    ["jsonschema==4.26.0", "openapi-spec-validator==0.9.0", "schemathesis==4.32.5"];
const ASYNCAPI: &str = "@asyncapi/specs@6.11.1";

/// Names what the documents break of their own meta-schemas, and sees that something can be broken.
const META: &str = "
import json, sys
from jsonschema import Draft7Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
openapi, asyncapi, meta = (json.load(open(path)) for path in sys.argv[1:])
asyncapi_judge = Draft7Validator(meta)
faults = [*OpenAPIV31SpecValidator(openapi).iter_errors(), *asyncapi_judge.iter_errors(asyncapi)]
assert not faults, faults
del openapi['info']['title'], asyncapi['channels']['events']['bindings']['kafka']['topic'], asyncapi['info']['title']
assert [*OpenAPIV31SpecValidator(openapi).iter_errors()] and [*asyncapi_judge.iter_errors(asyncapi)]
";

#[test]
#[ignore = "fetches tools of others, and takes minutes"]
fn the_documents_are_valid_and_the_bridge_does_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let bin = venv(&folder.path().join("venv"), &PYTHON_TOOLS);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for name in ["openapi", "asyncapi"] {
        fs::write(path(name), printed(&[name]).to_string()).unwrap();
    }
    let packed =
        done(Command::new("npm").args(["pack", "--silent", ASYNCAPI]).current_dir(folder.path()));
    done(Command::new("tar").args(["xzf", packed.trim()]).current_dir(folder.path()));
    let meta = path("package/schemas/3.0.0.json");
    let files = [&path("openapi"), &path("asyncapi"), &meta];
    done(Command::new(bin.join("python")).args(["-c", META]).args(files));

    let rig = Rig::restricted();
    let url = format!("http://{}", rig.addr());
    let mut schemathesis = Command::new(bin.join("schemathesis"));
    schemathesis.args(["run", &path("openapi"), "--url", &url, "--max-examples", "300"]);
    schemathesis.args(["--auth", &format!("{USER}:{PASSWORD}"), "--no-color"]);
    schemathesis.args(["--checks", CHECKS]);
    // It leaves a cache where it runs.
    schemathesis.current_dir(folder.path());
    done(&mut schemathesis);
    assert!(rig.outcomes()["published"] > 10, "{:?}", rig.outcomes());
}

/// No 5xx, no status, media type or body that is not declared.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";
