import Documents
import Domain
package import Processes

/// What the sandbox knows of images: a table from an image's name to a command of this machine.
///
/// ```yaml
/// images:
///   fraud-scorer:2:                 # without a tag: every tag that has no entry of its own
///     command: [python3, serve.py]
///     args: [--host, $(POD_IP)]
///     env: {MODEL_VERSION: "2"}
///     workingDir: models            # relative to the table's folder
/// ```
package struct ImageTable: Sendable {
    /// What a container of an image does unless its pod says otherwise.
    struct Image: Sendable, Hashable {
        var command: [String] = []
        var args: [String] = []
        /// In the table's order of keys.
        var env: [Variable] = []
        var workingDir: String?
        /// The digest of the entry: another one after every change of it.
        var digest = ""
    }

    /// One variable of an environment.
    package typealias Variable = ChildProcess.Variable

    /// Why a file is no image table, with the place where there is one.
    package struct Failure: Error, CustomStringConvertible, Sendable {
        package let description: String
    }

    private var images: [String: Image] = [:]

    /// A table without images.
    package init() {}

    /// - Parameter folder: where relative working folders begin.
    package init(yaml bytes: [UInt8], folder: String) throws(Failure) {
        let documents: [LocatedDocument]
        do throws(YAML.ParseError) {
            documents = try YAML.parse(bytes)
        } catch {
            throw Failure(description: error.description)
        }
        guard documents.count <= 1 else { throw Failure(description: "more than one document") }
        guard let document = documents.first?.document else { return }
        guard let table = document["images"]?.objectValue,
            document.objectValue?.keys == ["images"]
        else {
            throw Failure(description: "expected one key at the top: images, a table by name")
        }
        for member in table.members {
            images[member.key] = try Self.image(member.key, member.value, folder)
        }
    }

    private static func image(
        _ name: String, _ entry: Document, _ folder: String
    ) throws(Failure) -> Image {
        func fail(_ text: String) -> Failure { Failure(description: "image \(name): \(text)") }
        guard let fields = entry.objectValue else { throw fail("expected an object") }
        let known = ["args", "command", "env", "workingDir"]
        if let other = fields.keys.first(where: { !known.contains($0) }) {
            throw fail("unknown key \(other); known are \(known.joined(separator: ", "))")
        }
        func list(_ key: String) throws(Failure) -> [String] {
            guard let value = entry[key] else { return [] }
            guard let items = value.arrayValue else { throw fail("\(key) must be a list") }
            let texts = items.compactMap(text)
            guard texts.count == items.count else { throw fail("\(key) must hold texts") }
            return texts
        }
        var image = Image(command: try list("command"), args: try list("args"))
        guard !image.command.isEmpty else { throw fail("command is missing") }
        for member in entry["env"]?.objectValue?.members ?? [] {
            guard let value = text(member.value) else {
                throw fail("env.\(member.key) must be a text")
            }
            image.env.append(Variable(name: member.key, value: value))
        }
        if let path = entry["workingDir"]?.stringValue {
            image.workingDir = path.hasPrefix("/") ? path : "\(folder)/\(path)"
        }
        image.digest = SHA256.hex(entry.canonicalJSON())
        return image
    }

    private static func text(_ value: Document) -> String? {
        switch value {
        case .string(let text): text
        case .integer, .double, .bool: value.canonicalJSONString()
        default: nil
        }
    }

    /// The entry of an image; one without a tag stands for every tag that has none of its own.
    subscript(name: String) -> Image? {
        if let image = images[name] { return image }
        let bare = name.split(separator: "@", maxSplits: 1).first.map(String.init) ?? name
        if let image = images[bare] { return image }
        guard let colon = bare.lastIndex(of: ":"), !bare[colon...].contains("/") else {
            return nil
        }
        return images[String(bare[..<colon])]
    }
}
