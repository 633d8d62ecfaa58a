import Documents
import Domain

/// Objects as machines and `kubectl apply -f` read them.
enum ObjectText {
    /// One object as it is, several as a `List` (JSON) or as documents (YAML), or one
    /// `KIND.GROUP/NAME` a line.
    static func text(_ objects: [Document], as format: OutputFormat) -> String {
        switch format {
        case .json: json(objects.count == 1 ? objects[0] : list(objects))
        case .yaml, .wide:
            objects.count == 1 ? YAML.write(objects[0]) : YAML.write(objects)
        case .name: objects.map { name($0) + "\n" }.joined()
        }
    }

    /// One value with its line end.
    static func json(_ value: Document) -> String {
        String(decoding: JSON.write(value, pretty: 2), as: UTF8.self)
    }

    /// One value on one line, as watches print it.
    static func line(_ value: Document) -> String {
        String(decoding: JSON.write(value), as: UTF8.self) + "\n"
    }

    /// `modelrelease.slipway.dev/fraud-scorer`.
    static func name(_ object: Document) -> String {
        let kind = object["kind"]?.stringValue?.lowercased() ?? ""
        let parts = (object["apiVersion"]?.stringValue ?? "").split(separator: "/")
        let group = parts.count == 2 ? ".\(parts[0])" : ""
        return "\(kind)\(group)/\(object.at("metadata", "name")?.stringValue ?? "")"
    }

    private static func list(_ objects: [Document]) -> Document {
        ["apiVersion": "v1", "kind": "List", "items": .array(objects)]
    }
}
