import Domain
import Transport

/// A cluster, a user or a context of a kubeconfig: its fields, and what to call them in errors.
struct KubeConfigurationEntry {
    typealias Invalid = KubeConfiguration.Invalid

    /// The file that the entry stands in; relative paths begin in its folder.
    let file: String
    /// `context dev: cluster east`
    let place: String
    let fields: Document

    func invalid(_ field: String, _ reason: String) -> Invalid {
        Invalid(file: file, place: field.isEmpty ? place : "\(place): \(field)", reason: reason)
    }

    /// Whether the field says anything.
    func has(_ field: String) -> Bool { !(fields[field] ?? .null).isNull }

    /// `nil` where the field is missing or empty.
    func text(_ field: String) throws(Invalid) -> String? {
        let value = fields[field] ?? .null
        if value.isNull { return nil }
        guard let text = value.stringValue else {
            throw invalid(field, "\(value.kindName), expected a string")
        }
        return text.isEmpty ? nil : text
    }

    func required(_ field: String) throws(Invalid) -> String {
        guard let text = try text(field) else { throw invalid(field, "missing") }
        return text
    }

    /// False where the field is missing.
    func flag(_ field: String) throws(Invalid) -> Bool {
        let value = fields[field] ?? .null
        if value.isNull { return false }
        guard let flag = value.boolValue else {
            throw invalid(field, "\(value.kindName), expected a boolean")
        }
        return flag
    }

    /// The members of a list of objects or texts; none where the field is missing.
    func list(_ field: String) throws(Invalid) -> [Document] {
        let value = fields[field] ?? .null
        if value.isNull { return [] }
        guard let list = value.arrayValue else {
            throw invalid(field, "\(value.kindName), expected a list")
        }
        return list
    }

    /// A list of strings; none where the field is missing.
    func texts(_ field: String) throws(Invalid) -> [String] {
        var texts: [String] = []
        for (index, value) in try list(field).enumerated() {
            guard let text = value.stringValue else {
                throw invalid("\(field)[\(index)]", "\(value.kindName), expected a string")
            }
            texts.append(text)
        }
        return texts
    }

    /// `FIELD-data` (base64), else the file named by `FIELD`.
    func material(_ field: String) throws(Invalid) -> TLSSettings.Material? {
        if let data = try text("\(field)-data") {
            guard let bytes = Base64.decode(data) else {
                throw invalid("\(field)-data", "not base64")
            }
            return .data(bytes)
        }
        guard let file = try text(field) else { return nil }
        return .file(try readable(file, field))
    }

    /// The path of a file that can be read.
    func readable(_ file: String, _ field: String) throws(Invalid) -> String {
        let path = resolved(file)
        guard Files.isReadable(path) else { throw invalid(field, "\(path) cannot be read") }
        return path
    }

    /// Relative paths begin in the folder of the entry's file.
    func resolved(_ path: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }
}
