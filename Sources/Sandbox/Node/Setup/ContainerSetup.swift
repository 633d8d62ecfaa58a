import ControlPlane
import Domain
import Processes

/// What is run for a container: program, arguments, variables, folder.
struct Launch: Sendable, Hashable {
    /// The program first.
    var command: [String]
    var variables: [ImageTable.Variable]
    var workingDir: String
    var imageID: String

    func value(of name: String) -> String? {
        variables.last { $0.name == name }?.value
    }
}

/// Turns a container of a pod and its image into what is run.
struct ContainerSetup {
    /// Finds a ConfigMap or a Secret of the pod's namespace.
    typealias Lookup = (_ kind: ResourceKind, _ name: String) -> Document?

    let source: FieldReferences.Source
    let container: Document
    let mounts: MountPaths
    /// The node's capacity.
    let capacity: Document
    /// Variables that every container has.
    let base: [ImageTable.Variable]
    /// Its folder if neither the pod nor the image names one.
    let home: String

    func launch(_ image: ImageTable.Image, _ lookup: Lookup) throws(StartFailure) -> Launch {
        var variables = base
        func value(_ name: String) -> String? { variables.last { $0.name == name }?.value }
        for variable in image.env {
            variables.append(
                .init(name: variable.name, value: Expansion.expand(variable.value, value)))
        }
        for origin in container["envFrom"]?.arrayValue ?? [] {
            variables += try all(of: origin, lookup)
        }
        for variable in container["env"]?.arrayValue ?? [] {
            guard let name = variable["name"]?.stringValue else { continue }
            let text: String?
            if let reference = variable["valueFrom"] {
                text = try referenced(reference, lookup)
            } else {
                text = Expansion.expand(variable["value"]?.stringValue ?? "", value)
            }
            if let text { variables.append(.init(name: name, value: text)) }
        }
        let command = strings("command")
        let args = strings("args")
        var line = command.isEmpty ? image.command : command
        line += !args.isEmpty ? args : command.isEmpty ? image.args : []
        let folder =
            container["workingDir"]?.stringValue.map(mounts.rewrite) ?? image.workingDir ?? home
        let name = container["image"]?.stringValue ?? ""
        return Launch(
            command: line.map { mounts.rewrite(Expansion.expand($0, value)) },
            variables: Self.last(variables).map {
                .init(name: $0.name, value: mounts.rewrite($0.value))
            },
            workingDir: folder, imageID: "\(Self.repository(name))@sha256:\(image.digest)")
    }

    private func strings(_ key: String) -> [String] {
        (container[key]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    /// Each name once, with the value that was set last.
    private static func last(_ variables: [ImageTable.Variable]) -> [ImageTable.Variable] {
        var seen: Set<String> = []
        return variables.reversed().filter { seen.insert($0.name).inserted }.reversed()
    }

    /// The name without tag and digest.
    private static func repository(_ image: String) -> String {
        let bare = image.split(separator: "@", maxSplits: 1).first.map(String.init) ?? image
        guard let colon = bare.lastIndex(of: ":"), !bare[colon...].contains("/") else {
            return bare
        }
        return String(bare[..<colon])
    }

    // MARK: References

    private func referenced(
        _ reference: Document, _ lookup: Lookup
    ) throws(StartFailure) -> String? {
        if let path = reference.at("fieldRef", "fieldPath")?.stringValue {
            guard let value = FieldReferences.value(of: path, source) else {
                throw .config("unsupported fieldPath: \(path)")
            }
            return value
        }
        if let resource = reference["resourceFieldRef"] {
            let value = FieldReferences.resource(
                resource, container: container, source, capacity: capacity)
            guard let value else {
                throw .config(
                    "unsupported container resource: \(resource["resource"]?.stringValue ?? "")")
            }
            return value
        }
        if let key = reference["configMapKeyRef"] {
            return try entry(key, .configMap, lookup)
        }
        if let key = reference["secretKeyRef"] { return try entry(key, .secret, lookup) }
        throw .config("invalid valueFrom")
    }

    private func entry(
        _ reference: Document, _ kind: ResourceKind, _ lookup: Lookup
    ) throws(StartFailure) -> String? {
        let name = reference["name"]?.stringValue ?? ""
        let key = reference["key"]?.stringValue ?? ""
        let isOptional = reference["optional"]?.boolValue ?? false
        guard let object = lookup(kind, name) else {
            guard !isOptional else { return nil }
            throw .config("\(kind.kind.lowercased()) \"\(name)\" not found")
        }
        guard let bytes = ObjectData.entry(key, of: object) else {
            guard !isOptional else { return nil }
            throw .config(
                "couldn't find key \(key) in \(kind.kind) \(source.pod.objectNamespace)/\(name)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func all(
        of origin: Document, _ lookup: Lookup
    ) throws(StartFailure) -> [ImageTable.Variable] {
        let prefix = origin["prefix"]?.stringValue ?? ""
        let (kind, reference) =
            origin["secretRef"].map { (ResourceKind.secret, $0) }
            ?? (ResourceKind.configMap, origin["configMapRef"] ?? [:])
        let name = reference["name"]?.stringValue ?? ""
        guard let object = lookup(kind, name) else {
            guard reference["optional"]?.boolValue != true else { return [] }
            throw .config("\(kind.kind.lowercased()) \"\(name)\" not found")
        }
        return ObjectData.entries(of: object).map {
            .init(name: prefix + $0.key, value: String(decoding: $0.bytes, as: UTF8.self))
        }
    }
}

/// The entries of ConfigMaps and Secrets as bytes.
enum ObjectData {
    static func entries(of object: Document) -> [(key: String, bytes: [UInt8])] {
        let isSecret = object["kind"]?.stringValue == "Secret"
        let plain = isSecret ? [] : object["data"]?.objectValue?.members ?? []
        let encoded =
            (isSecret ? object["data"] : object["binaryData"])?.objectValue?.members ?? []
        return plain.map { ($0.key, Array(($0.value.stringValue ?? "").utf8)) }
            + encoded.map { ($0.key, decoded($0.value.stringValue ?? "")) }
    }

    static func entry(_ key: String, of object: Document) -> [UInt8]? {
        entries(of: object).first { $0.key == key }?.bytes
    }

    /// Base64 that the API has checked; what is none is empty.
    private static func decoded(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in text.utf8 where byte != UInt8(ascii: "=") && byte > 32 {
            let value: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - 65
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - 97 + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - 48 + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            default: return []
            }
            bits = (bits << 6 | UInt32(value)) & 0xFFFFFF
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        }
        return bytes
    }
}
