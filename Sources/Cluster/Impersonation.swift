import Domain
import Transport

/// Whom the API server shall take us for: `as`, `as-uid`, `as-groups` and `as-user-extra` of a
/// kubeconfig's user.
enum Impersonation {
    /// The header fields that say so; none if we are ourselves.
    static func headers(
        _ user: KubeConfigurationEntry
    ) throws(KubeConfiguration.Invalid) -> HTTPHeaders {
        var headers = HTTPHeaders()
        func add(
            _ name: String, _ value: String, _ field: String
        ) throws(KubeConfiguration.Invalid) {
            guard value.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) else {
                throw user.invalid(field, "control characters")
            }
            headers.add(name, value)
        }
        let name = try user.text("as")
        if let name { try add("Impersonate-User", name, "as") }
        if let uid = try user.text("as-uid") { try add("Impersonate-Uid", uid, "as-uid") }
        for group in try user.texts("as-groups") {
            try add("Impersonate-Group", group, "as-groups")
        }
        let extra = user.fields["as-user-extra"] ?? .null
        guard extra.isNull || extra.objectValue != nil else {
            throw user.invalid("as-user-extra", "\(extra.kindName), expected an object")
        }
        let values = KubeConfigurationEntry(
            file: user.file, place: "\(user.place): as-user-extra", fields: extra)
        for key in extra.objectValue?.keys ?? [] {
            for value in try values.texts(key) {
                try add("Impersonate-Extra-\(escaped(key))", value, "as-user-extra")
            }
        }
        guard name != nil || headers.fields.isEmpty else {
            throw user.invalid("as", "missing, but as-uid, as-groups or as-user-extra is there")
        }
        return headers
    }

    /// What may not stand in a header's name is escaped as in URLs, and so is the sign of escapes.
    private static func escaped(_ key: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in key.utf8 {
            let isLetter = (97...122).contains(byte | 0x20) || (48...57).contains(byte)
            if isLetter || "!#$&'*+-.^_`|~".utf8.contains(byte) {
                text.append(byte)
            } else {
                text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
