import Domain

/// What a path of the API names.
enum RequestPath {
    /// A resource: a collection, an object, or a part of an object.
    struct Resource: Hashable {
        var group: String
        var version: String
        var plural: String
        var namespace = ""
        /// Empty for a collection.
        var name = ""
        /// Empty for the object itself.
        var subresource = ""
    }

    case resource(Resource)
    /// `/api`
    case coreVersions
    /// `/apis`
    case groups
    /// `/apis/GROUP`
    case group(String)
    /// `/api/v1`, `/apis/GROUP/VERSION`
    case groupVersion(group: String, version: String)
    case version
    case health
    /// `/openapi/v3`
    case openAPIIndex
    /// `/openapi/v3/PATH`
    case openAPI(String)
    case unknown

    init(_ path: String) {
        let parts = path.split(separator: "/").map(String.init)
        switch parts.first {
        case "version" where parts.count == 1: self = .version
        case "livez", "readyz", "healthz": self = .health
        case "openapi" where parts.count >= 2 && parts[1] == "v3":
            self = parts.count == 2 ? .openAPIIndex : .openAPI(parts[2...].joined(separator: "/"))
        case "api":
            if parts.count == 1 {
                self = .coreVersions
            } else if parts.count == 2 {
                self = .groupVersion(group: "", version: parts[1])
            } else {
                self = Self.resource(group: "", version: parts[1], parts.dropFirst(2))
            }
        case "apis":
            switch parts.count {
            case 1: self = .groups
            case 2: self = .group(parts[1])
            case 3: self = .groupVersion(group: parts[1], version: parts[2])
            default: self = Self.resource(group: parts[1], version: parts[2], parts.dropFirst(3))
            }
        default: self = .unknown
        }
    }

    private static func resource(
        group: String, version: String, _ parts: ArraySlice<String>
    ) -> RequestPath {
        var rest = Array(parts)
        var resource = Resource(group: group, version: version, plural: "")
        if group.isEmpty || rest.count > 2, rest.first == "namespaces", rest.count > 2,
            !(group.isEmpty && ["status", "finalize"].contains(rest[2]))
        {
            resource.namespace = rest[1]
            rest.removeFirst(2)
        }
        guard rest.count <= 3, let plural = rest.first else { return .unknown }
        resource.plural = plural
        if rest.count > 1 { resource.name = rest[1] }
        if rest.count > 2 { resource.subresource = rest[2] }
        return .resource(resource)
    }
}
