package import Domain

/// What a resource of the API is: its names, its scope, its subresources and the rules its
/// objects follow.
package struct KindDefinition: Sendable {
    /// When an update raises `metadata.generation`.
    package enum Generations: Hashable, Sendable {
        /// The kind has no generation; what a client writes at creation stays.
        case none
        /// A change of `spec`.
        case spec
        /// A change of `spec` or of the annotations (Deployment).
        case specAndAnnotations
        /// A change of anything but `metadata` and `status` (custom resources with a status
        /// subresource).
        case allButStatus
        /// A change of anything but `metadata`.
        case all
    }

    /// Where a kind with a scale subresource keeps its numbers.
    package struct Scale: Hashable, Sendable {
        package var specReplicas: [String]
        package var statusReplicas: [String]
        /// `nil` if the kind has no selector there.
        package var selector: [String]?

        package init(specReplicas: [String], statusReplicas: [String], selector: [String]?) {
            self.specReplicas = specReplicas
            self.statusReplicas = statusReplicas
            self.selector = selector
        }
    }

    /// What a name may look like.
    package enum Names: Hashable, Sendable {
        case subdomain
        case label
        /// A label, with words of its own for dots (Service).
        case serviceLabel
        /// Whatever can stand in a path (roles).
        case pathSegment
    }

    /// The rules of a kind that are code. Each is a pure function.
    package struct Rules: Sendable {
        /// The paths of fields that the kind does not have; `nil` where its shape says it.
        package var unknownFields: (@Sendable (Document) -> [String])?
        /// Fills in what the client left out; for every write, before anything else; `(new, old)`.
        /// What is as it was in the object before (`nil` for a new one) has its defaults already.
        package var applyDefaults: @Sendable (inout Document, Document?) -> Void = { _, _ in }
        /// Puts an object that is created into its first state (phase, generation).
        package var prepareCreate: @Sendable (inout Document) -> Void = { _ in }
        /// What is wrong with an object that is created.
        package var validateCreate: @Sendable (Document) -> [APIStatus.Cause] = { _ in [] }
        /// Carries over what an update must not change; `(new, old)`.
        package var prepareUpdate: @Sendable (inout Document, Document) -> Void = { _, _ in }
        /// What is wrong with an update, `(new, old)`; both the main resource and status.
        package var validateUpdate: @Sendable (Document, Document) -> [APIStatus.Cause] = {
            _,
            _ in []
        }
        /// Marks an object that is deleted, before it is looked at whether something holds it.
        package var prepareDelete: @Sendable (inout Document) -> Void = { _ in }
        /// From the form a client writes in this version to the stored form.
        package var toStored: (@Sendable (Document) -> Document)?
        /// From the stored form to the form of this version.
        package var fromStored: (@Sendable (Document) -> Document)?
        /// The fields of a field selector besides `metadata.name` and `metadata.namespace`,
        /// with their values for an object.
        package var selectableFields: [String: @Sendable (Document) -> String] = [:]

        package init() {}
    }

    package var kind: ResourceKind
    package var isNamespaced: Bool
    package var singular: String
    package var listKind: String
    package var shortNames: [String] = []
    package var categories: [String] = []
    /// Names where the objects are stored: resources with the same name here are views of the
    /// same objects (versions of a custom resource; the two Event groups).
    package var storage: String
    package var hasStatus = false
    package var scale: Scale?
    /// The definition this kind comes from; `nil` for built-in kinds.
    package var customDefinition: String?
    /// The generation of that definition.
    package var customGeneration: Int64 = 0
    /// An update without a resourceVersion is taken as it is.
    package var allowsUnconditionalUpdate = true
    /// PUT on a name that is free creates.
    package var allowsCreateOnUpdate = false
    /// DELETE answers with the object, not with a Status.
    package var returnsDeletedObject = false
    package var generations = Generations.none
    package var names = Names.subdomain
    /// The types of the kind's fields, by which patches and apply merge.
    package var shape: Shape
    package var rules = Rules()
    /// The columns of the kind's table after the name; `nil` for the usual ones of the kind.
    var columns: [Tables.Column]?

    package init(_ kind: ResourceKind, isNamespaced: Bool = true) {
        self.kind = kind
        self.isNamespaced = isNamespaced
        singular = kind.kind.lowercased()
        listKind = kind.kind + "List"
        storage = kind.description
        shape = BuiltInShapes.shape(of: kind) ?? .untyped
    }
}

/// What reading objects of a kind needs of its definition.
struct KindForm: Sendable {
    /// How the stored form becomes that of the kind.
    private enum Conversion: Sendable {
        case none
        /// Only the `apiVersion` differs.
        case version(String)
        case code(@Sendable (Document) -> Document)
    }

    let kind: ResourceKind
    let isNamespaced: Bool
    let storage: String
    private let conversion: Conversion

    init(_ definition: KindDefinition) {
        kind = definition.kind
        isNamespaced = definition.isNamespaced
        storage = definition.storage
        if let convert = definition.rules.fromStored {
            conversion = .code(convert)
        } else if definition.customDefinition != nil {
            conversion = .version(definition.kind.apiVersion)
        } else {
            conversion = .none
        }
    }

    /// The stored form turned into the form of the kind.
    func presented(_ stored: Document) -> Document {
        switch conversion {
        case .none: return stored
        case .code(let convert): return convert(stored)
        case .version(let version):
            guard stored["apiVersion"]?.stringValue != version else { return stored }
            var object = stored
            object["apiVersion"] = .string(version)
            return object
        }
    }
}

/// The kinds a store knows, in the order in which they came.
package struct KindRegistry: Sendable {
    package private(set) var definitions: [KindDefinition] = []
    private var positions: [ResourceKind: Int] = [:]
    private var storages: [String: Int] = [:]
    /// A form for each definition.
    private var forms: [KindForm] = []
    /// The kinds in whose form objects are stored, one for each storage.
    private(set) var storedForms: [KindForm] = []

    package init(_ definitions: [KindDefinition] = []) {
        for definition in definitions { add(definition) }
    }

    /// The definition of a kind; `nil` if it is not served.
    package subscript(kind: ResourceKind) -> KindDefinition? {
        positions[kind].map { definitions[$0] }
    }

    /// How objects of a kind are read; `nil` if it is not served.
    func form(of kind: ResourceKind) -> KindForm? { positions[kind].map { forms[$0] } }

    /// The first definition over a storage: the form in which its objects are stored.
    package func stored(_ storage: String) -> KindDefinition? {
        storages[storage].map { definitions[$0] }
    }

    /// The resource `group/version/plural` of a path.
    package func find(group: String, version: String, plural: String) -> KindDefinition? {
        definitions.first {
            $0.kind.plural == plural && $0.kind.group == group && $0.kind.version == version
        }
    }

    /// The definition for the `apiVersion` and `kind` an object carries.
    package func find(apiVersion: String, kind: String) -> KindDefinition? {
        definitions.first { $0.kind.kind == kind && $0.kind.apiVersion == apiVersion }
    }

    /// Adds a kind or replaces the one with the same name.
    package mutating func add(_ definition: KindDefinition) {
        if let position = positions[definition.kind] {
            definitions[position] = definition
        } else {
            definitions.append(definition)
        }
        index()
    }

    /// Removes kinds.
    package mutating func removeAll(where condition: (KindDefinition) -> Bool) {
        definitions.removeAll(where: condition)
        index()
    }

    private mutating func index() {
        positions = [:]
        storages = [:]
        forms = definitions.map { KindForm($0) }
        storedForms = []
        for (position, form) in forms.enumerated() {
            positions[form.kind] = position
            guard storages[form.storage] == nil else { continue }
            storages[form.storage] = position
            storedForms.append(form)
        }
    }
}
