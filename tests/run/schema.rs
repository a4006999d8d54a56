//! Compares a document with its JSON schema, as far as this project's schemas go: objects with
//! `properties` and `required`, arrays with `items`, `oneOf` null, and references to `$defs`.

use serde_json::Value;

/// Panics with the path of the first difference.
pub fn compare(path: &str, document: &Value, schema: &Value, root: &Value) {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => &root["$defs"][reference.trim_start_matches("#/$defs/")],
        None => schema,
    };
    if let Some(choices) = schema["oneOf"].as_array() {
        let object = choices
            .iter()
            .find(|choice| choice["type"] == "object")
            .unwrap();
        if !document.is_null() {
            compare(path, document, object, root);
        }
        return;
    }
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(
            allowed.contains(document),
            "{path}: {document} is none of {allowed:?}"
        );
    }
    if let (Some(items), Some(elements)) = (schema.get("items"), document.as_array()) {
        for (n, element) in elements.iter().enumerate() {
            compare(&format!("{path}[{n}]"), element, items, root);
        }
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap();
        assert!(document.get(name).is_some(), "{path} has no {name}");
    }
    let (Some(properties), Some(fields)) = (schema["properties"].as_object(), document.as_object())
    else {
        return;
    };
    for (name, field) in fields {
        let open_ended = ["details", "observed", "reason"].contains(&name.as_str());
        assert!(
            open_ended || properties.contains_key(name),
            "{path}.{name} is not described"
        );
        if let Some(property) = properties.get(name) {
            compare(&format!("{path}.{name}"), field, property, root);
        }
    }
}
