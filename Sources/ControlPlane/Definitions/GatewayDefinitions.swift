package import Domain

/// Our own compact definitions of the Gateway API's kinds (gateway.networking.k8s.io/v1), written
/// from its documentation: the fields that routing by weight, header and path needs. A real
/// cluster brings the complete ones.
package enum GatewayDefinitions {
    /// GatewayClass, Gateway and HTTPRoute.
    package static let all: [Document] = [gatewayClass, gateway, httpRoute]

    /// ReferenceGrant (v1beta1), for gateways that let routes name Services of other namespaces.
    package static let referenceGrant = definition(
        kind: "ReferenceGrant", plural: "referencegrants", version: "v1beta1", columns: [age],
        spec: object(
            [
                "from": list(
                    object(
                        [
                            "group": text(maxLength: 253), "kind": text(maxLength: 63),
                            "namespace": text(maxLength: 63),
                        ], required: ["group", "kind", "namespace"]), max: 16),
                "to": list(
                    object(
                        [
                            "group": text(maxLength: 253), "kind": text(maxLength: 63),
                            "name": text(maxLength: 253),
                        ], required: ["group", "kind"]), max: 16),
            ], required: ["from", "to"]),
        status: nil)

    // MARK: The kinds

    private static let gatewayClass = definition(
        kind: "GatewayClass", plural: "gatewayclasses", short: "gc", isNamespaced: false,
        columns: [
            column("Controller", ".spec.controllerName"),
            column("Accepted", ".status.conditions[?(@.type==\"Accepted\")].status"),
            age,
        ],
        spec: object(
            [
                "controllerName": text(maxLength: 253), "description": text(maxLength: 64),
                "parametersRef": reference(["group", "kind", "name", "namespace"]),
            ], required: ["controllerName"]),
        status: object(["conditions": conditions]))

    private static let gateway = definition(
        kind: "Gateway", plural: "gateways", short: "gtw",
        columns: [
            column("Class", ".spec.gatewayClassName"),
            column("Address", ".status.addresses[0].value"),
            column("Programmed", ".status.conditions[?(@.type==\"Programmed\")].status"),
            age,
        ],
        spec: object(
            [
                "gatewayClassName": text(maxLength: 253),
                "addresses": list(object(["type": text(default: "IPAddress"), "value": text()])),
                "listeners": map(
                    object(
                        [
                            "name": text(maxLength: 253), "hostname": text(maxLength: 253),
                            "port": number(min: 1, max: 65_535), "protocol": text(maxLength: 255),
                            "allowedRoutes": object([
                                "namespaces": object([
                                    "from": choice(["All", "Selector", "Same"], default: "Same"),
                                    "selector": anything,
                                ]),
                                "kinds": list(reference(["group", "kind"])),
                            ]),
                            "tls": anything,
                        ], required: ["name", "port", "protocol"]), keys: ["name"], max: 64),
            ], required: ["gatewayClassName", "listeners"]),
        status: object([
            "addresses": list(object(["type": text(), "value": text()])),
            "conditions": conditions,
            "listeners": map(
                object([
                    "name": text(), "attachedRoutes": integer, "conditions": conditions,
                    "supportedKinds": list(reference(["group", "kind"])),
                ]), keys: ["name"], max: 64),
        ]))

    private static let httpRoute = definition(
        kind: "HTTPRoute", plural: "httproutes",
        columns: [column("Hostnames", ".spec.hostnames"), age],
        spec: object([
            "parentRefs": list(parentReference, max: 32),
            "hostnames": list(text(maxLength: 253), max: 16),
            "rules": rules,
        ]),
        status: object([
            "parents": list(
                object(
                    [
                        "parentRef": parentReference, "controllerName": text(maxLength: 253),
                        "conditions": conditions,
                    ], required: ["parentRef", "controllerName", "conditions"]), max: 32)
        ]))

    // MARK: Rules of a route

    private static let rules: Document = {
        let match = object([
            "path": withDefault(
                object([
                    "type": choice(
                        ["Exact", "PathPrefix", "RegularExpression"], default: "PathPrefix"),
                    "value": text(maxLength: 1024, default: "/"),
                ]), ["type": "PathPrefix", "value": "/"]),
            "headers": map(namedMatch, keys: ["name"], max: 16),
            "queryParams": map(namedMatch, keys: ["name"], max: 16),
            "method": choice([
                "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
            ]),
        ])
        let rule = object([
            "name": text(maxLength: 253),
            "matches": withDefault(
                list(match, max: 64), [["path": ["type": "PathPrefix", "value": "/"]]]),
            "filters": list(filter, max: 16),
            "backendRefs": list(backend, max: 16),
            "timeouts": object(["request": text(), "backendRequest": text()]),
        ])
        return withDefault(
            list(rule, max: 16),
            [["matches": [["path": ["type": "PathPrefix", "value": "/"]]]]])
    }()

    private static let namedMatch = object(
        [
            "type": choice(["Exact", "RegularExpression"], default: "Exact"),
            "name": text(maxLength: 256), "value": text(maxLength: 4096),
        ], required: ["name", "value"])

    private static let backendReference: [(String, Document)] = [
        ("group", text(maxLength: 253, default: "")),
        ("kind", text(maxLength: 63, default: "Service")),
        ("name", text(maxLength: 253)), ("namespace", text(maxLength: 63)),
        ("port", number(min: 1, max: 65_535)),
    ]

    private static let backend = withPort(
        object(
            backendReference + [
                ("weight", number(min: 0, max: 1_000_000, default: 1)),
                ("filters", list(filter, max: 16)),
            ], required: ["name"]))

    /// A reference to a Service must say which port.
    private static func withPort(_ schema: Document) -> Document {
        var result = schema
        result["x-kubernetes-validations"] = [
            [
                "rule": "self.group != '' || self.kind != 'Service' || has(self.port)",
                "message": "Must have port for Service reference",
            ]
        ]
        return result
    }

    private static let filter: Document = {
        let headers = map(
            object(
                ["name": text(maxLength: 256), "value": text(maxLength: 4096)],
                required: ["name", "value"]), keys: ["name"], max: 16)
        let change = object(["set": headers, "add": headers, "remove": list(text(), max: 16)])
        return object(
            [
                "type": choice([
                    "RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror",
                    "RequestRedirect", "URLRewrite", "ExtensionRef",
                ]),
                "requestHeaderModifier": change, "responseHeaderModifier": change,
                "requestMirror": object(
                    [
                        "backendRef": withPort(object(backendReference, required: ["name"])),
                        "percent": number(min: 0, max: 100),
                        "fraction": object([
                            "numerator": integer, "denominator": integer,
                        ]),
                    ], required: ["backendRef"]),
                "requestRedirect": anything, "urlRewrite": anything, "extensionRef": anything,
            ], required: ["type"])
    }()

    private static let parentReference = object(
        [
            "group": text(maxLength: 253, default: "gateway.networking.k8s.io"),
            "kind": text(maxLength: 63, default: "Gateway"), "name": text(maxLength: 253),
            "namespace": text(maxLength: 63), "sectionName": text(maxLength: 253),
            "port": number(min: 1, max: 65_535),
        ], required: ["name"])

    private static let conditions = map(
        object(
            [
                "type": text(maxLength: 316), "status": choice(["True", "False", "Unknown"]),
                "reason": text(maxLength: 1024), "message": text(maxLength: 32_768),
                "observedGeneration": integer,
                "lastTransitionTime": ["type": "string", "format": "date-time"],
            ], required: ["type", "status", "reason", "message", "lastTransitionTime"]),
        keys: ["type"], max: 8)

    // MARK: Words of schemas

    private static let anything: Document = [
        "type": "object", "x-kubernetes-preserve-unknown-fields": true,
    ]
    private static let integer: Document = ["type": "integer", "format": "int32"]

    private static func object(
        _ properties: KeyValuePairs<String, Document>, required: [String] = []
    ) -> Document {
        object(properties.map { ($0.key, $0.value) }, required: required)
    }

    private static func object(
        _ properties: [(String, Document)], required: [String] = []
    ) -> Document {
        let fields = Fields(properties.map { Fields.Member(key: $0.0, value: $0.1) })
        var schema: Document = ["type": "object", "properties": .object(fields)]
        if !required.isEmpty { schema["required"] = .array(required.map(Document.string)) }
        return schema
    }

    private static func text(maxLength: Int? = nil, default value: String? = nil) -> Document {
        var schema: Document = ["type": "string"]
        if let maxLength { schema["maxLength"] = .integer(maxLength) }
        if let value { schema["default"] = .string(value) }
        return schema
    }

    private static func choice(_ values: [String], default value: String? = nil) -> Document {
        var schema = text(default: value)
        schema["enum"] = .array(values.map(Document.string))
        return schema
    }

    private static func number(min: Int, max: Int, default value: Int? = nil) -> Document {
        var schema = integer
        schema["minimum"] = .integer(min)
        schema["maximum"] = .integer(max)
        if let value { schema["default"] = .integer(value) }
        return schema
    }

    /// A list that is replaced as a whole.
    private static func list(_ items: Document, max: Int = 64) -> Document {
        [
            "type": "array", "items": items, "maxItems": .integer(max),
            "x-kubernetes-list-type": "atomic",
        ]
    }

    /// A list whose elements are known by these members.
    private static func map(_ items: Document, keys: [String], max: Int) -> Document {
        [
            "type": "array", "items": items, "maxItems": .integer(max),
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": .array(keys.map(Document.string)),
        ]
    }

    private static func reference(_ members: [String]) -> Document {
        object(members.map { ($0, text(maxLength: 253)) })
    }

    private static func withDefault(_ schema: Document, _ value: Document) -> Document {
        var result = schema
        result["default"] = value
        return result
    }

    private static func column(_ name: String, _ path: String) -> Document {
        ["name": .string(name), "type": "string", "jsonPath": .string(path)]
    }

    private static let age: Document = [
        "name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp",
    ]

    private static func definition(
        kind: String, plural: String, version name: String = "v1", short: String? = nil,
        isNamespaced: Bool = true, columns: [Document], spec: Document, status: Document?
    ) -> Document {
        let group = "gateway.networking.k8s.io"
        var names: Document = [
            "kind": .string(kind), "listKind": .string("\(kind)List"), "plural": .string(plural),
            "singular": .string(kind.lowercased()), "categories": ["gateway-api"],
        ]
        if let short { names["shortNames"] = [.string(short)] }
        var properties: [(String, Document)] = [
            ("apiVersion", text()), ("kind", text()), ("metadata", ["type": "object"]),
            ("spec", spec),
        ]
        if let status { properties.append(("status", status)) }
        var version: Document = [
            "name": .string(name), "served": true, "storage": true,
            "schema": ["openAPIV3Schema": object(properties, required: ["spec"])],
            "additionalPrinterColumns": .array(columns),
        ]
        if status != nil { version["subresources"] = ["status": [:]] }
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": .string("\(plural).\(group)")],
            "spec": [
                "group": .string(group), "names": names, "versions": [version],
                "scope": isNamespaced ? "Namespaced" : "Cluster",
            ],
        ]
    }
}
