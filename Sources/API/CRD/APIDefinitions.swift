package import Domain

/// The CustomResourceDefinitions of Slipway's kinds, made from the same bounds as the decoder.
/// `Manifests/crds` holds what this says.
package enum APIDefinitions {
    /// The definition of ModelRelease.
    package static var modelRelease: Document {
        definition(
            .modelRelease, singular: "modelrelease", short: "mrel",
            schema: releaseSchema,
            columns: [
                column("Phase", ".status.phase"),
                column("Version", ".status.serving"),
                column("Step", ".status.progress"),
                column("Message", ".status.message"),
                column("Runtime", ".spec.runtime", wide: true),
                column("Commit", ".status.observedCommit", wide: true),
                column("Age", ".metadata.creationTimestamp", type: "date"),
            ])
    }

    /// The definition of ReleaseSource.
    package static var releaseSource: Document {
        definition(
            .releaseSource, singular: "releasesource", short: "rsrc",
            schema: sourceSchema,
            columns: [
                column("URL", ".spec.url"),
                column("Branch", ".spec.branch"),
                column("Commit", ".status.observedCommit"),
                column("Releases", ".status.releases", type: "integer"),
                column("Ready", #".status.conditions[?(@.type=="Ready")].status"#),
                column("Message", #".status.conditions[?(@.type=="Ready")].message"#),
                column("Fetched", ".status.lastFetch", type: "date", wide: true),
                column("Age", ".metadata.creationTimestamp", type: "date"),
            ])
    }

    /// File name and definition of each.
    package static var all: [(file: String, definition: Document)] {
        [
            ("slipway.dev_modelreleases.yaml", modelRelease),
            ("slipway.dev_releasesources.yaml", releaseSource),
        ]
    }

    /// JSON Schema (draft 7) of a file that declares a ModelRelease, for editors: what the decoder
    /// demands as far as a schema can say it, without what only the controller writes.
    package static var releaseFile: Document { fileSchema(.modelRelease, releaseSchema) }

    /// The same of a file with a ReleaseSource.
    package static var sourceFile: Document { fileSchema(.releaseSource, sourceSchema) }

    /// File name and schema of each; `Manifests/schemas` holds what this says.
    package static var files: [(file: String, schema: Document)] {
        [("modelrelease.json", releaseFile), ("releasesource.json", sourceFile)]
    }

    private static func fileSchema(_ kind: ResourceKind, _ schema: Schema) -> Document {
        var document = schema.editor
        document["$schema"] = "http://json-schema.org/draft-07/schema#"
        document["title"] = .string(kind.kind)
        document["required"] = ["apiVersion", "kind", "metadata", "spec"]
        document.set(["properties", "status"], to: nil)
        document.set(["properties", "apiVersion", "const"], to: .string(kind.apiVersion))
        document.set(["properties", "kind", "const"], to: .string(kind.kind))
        return document
    }

    private static var releaseSchema: Schema {
        .object(
            "A model and what of it should serve. Slipway walks traffic from what serves to "
                + "what is declared here, step by step, and takes it back when pods fail.",
            required: ["spec"],
            [
                ("apiVersion", apiVersion), ("kind", kind),
                (
                    "metadata",
                    .metadata(nameLimit: Names.releaseNameLimit, pattern: serviceLabel)
                ),
                ("spec", releaseSpec), ("status", releaseStatus),
            ])
    }

    private static var sourceSchema: Schema {
        .object(
            "A Git repository whose ModelReleases are applied to this namespace.",
            required: ["spec"],
            [
                ("apiVersion", apiVersion), ("kind", kind),
                ("metadata", .metadata(nameLimit: 63, pattern: label)),
                ("spec", sourceSpec), ("status", sourceStatus),
            ])
    }

    /// A DNS-1123 label.
    static let label = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
    /// A DNS-1035 label.
    static let serviceLabel = "^[a-z]([-a-z0-9]*[a-z0-9])?$"
    /// DNS-1123 labels with dots.
    static let subdomain = #"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"#

    private static let apiVersion = Schema.string("slipway.dev/v1alpha1")
    private static let kind = Schema.string("The kind of this object.")

    private static func column(
        _ name: String, _ path: String, type: String = "string", wide: Bool = false
    ) -> Document {
        var column: Document = [
            "name": .string(name), "type": .string(type), "jsonPath": .string(path),
        ]
        if wide { column["priority"] = 1 }
        return column
    }

    private static func definition(
        _ kind: ResourceKind, singular: String, short: String, schema: Schema, columns: [Document]
    ) -> Document {
        [
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": ["name": .string("\(kind.plural).\(kind.group)")],
            "spec": [
                "group": .string(kind.group),
                "scope": "Namespaced",
                "names": [
                    "kind": .string(kind.kind), "listKind": .string("\(kind.kind)List"),
                    "plural": .string(kind.plural), "singular": .string(singular),
                    "shortNames": [.string(short)], "categories": ["slipway"],
                ],
                "versions": [
                    [
                        "name": .string(kind.version), "served": true, "storage": true,
                        "additionalPrinterColumns": .array(columns),
                        "subresources": ["status": [:]],
                        "schema": ["openAPIV3Schema": schema.document],
                    ]
                ],
            ],
        ]
    }
}
