package import Domain

/// What is stored of a version when it is made, and never rendered again: the `data` of its
/// ControllerRevision.
package struct RevisionData: Hashable, Sendable {
    /// The version's name.
    package var version: String
    /// The PodTemplateSpec, with Slipway's labels.
    package var template: Document
    /// The container port that inference goes to; it has the name `http` in the template.
    package var port: Int
    /// Where a golden inference without a path of its own is sent; empty where the runtime does
    /// not say.
    package var inferencePath: String
    /// Where the server says whether this model is loaded; empty where the runtime does not say.
    package var readyPath: String

    package init(
        version: String, template: Document, port: Int, inferencePath: String, readyPath: String
    ) {
        self.version = version
        self.template = template
        self.port = port
        self.inferencePath = inferencePath
        self.readyPath = readyPath
    }

    /// Reads `data`; `nil` without a template and a port.
    package init?(_ data: Document) {
        guard let template = data["template"], template.objectValue != nil,
            let port = data["port"]?.intValue, (1...65_535).contains(port)
        else { return nil }
        self.init(
            version: data.word("version"), template: template, port: port,
            inferencePath: data.word("inferencePath"), readyPath: data.word("readyPath"))
    }

    package var document: Document {
        [
            "version": .string(version), "template": template, "port": .integer(port),
            "inferencePath": .string(inferencePath), "readyPath": .string(readyPath),
        ]
    }
}
