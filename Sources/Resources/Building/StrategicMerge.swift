package import Domain

/// Merges a part of a PodTemplateSpec over another as Kubernetes' strategic merge patch does:
/// objects member by member, lists with a key element by element, other lists as a whole; null
/// takes a member out.
///
/// Where members exclude each other (the handlers of a probe, the source of a volume, an
/// environment variable's value), what is written replaces what was there, so that nobody has to
/// null the preset's choice.
package enum StrategicMerge {
    /// The member that names the elements of a list, by the list's name.
    package static let keys: [String: String] = [
        "containers": "name", "initContainers": "name", "volumes": "name", "env": "name",
        "imagePullSecrets": "name", "ports": "containerPort", "volumeMounts": "mountPath",
        "volumeDevices": "devicePath", "hostAliases": "ip", "resourceClaims": "name",
        "schedulingGates": "name", "readinessGates": "conditionType",
    ]

    /// Lists whose elements are replaced, not merged.
    private static let whole: Set<String> = ["volumes", "env"]

    /// Objects that hold one handler out of several.
    private static let handled: Set<String> = [
        "startupProbe", "readinessProbe", "livenessProbe", "preStop", "postStart",
    ]
    private static let handlers = ["exec", "grpc", "httpGet", "sleep", "tcpSocket"]

    /// `patch` over `base`.
    package static func merge(_ patch: Document, over base: Document) -> Document {
        merge(patch, over: base, named: "")
    }

    private static func merge(_ patch: Document, over base: Document, named name: String)
        -> Document
    {
        switch (patch, base) {
        case (.object(let patch), .object(let base)):
            return .object(merge(patch, over: base, named: name))
        case (.object(let patch), _):
            return .object(merge(patch, over: Fields(), named: name))
        case (.array(let patch), .array(let base)):
            guard let key = keys[name] else { return .array(patch) }
            return .array(merge(patch, over: base, by: key, whole: whole.contains(name)))
        default: return patch
        }
    }

    private static func merge(_ patch: Fields, over base: Fields, named name: String) -> Fields {
        var result = base
        if handled.contains(name), handlers.contains(where: { patch[$0]?.isNull == false }) {
            for handler in handlers { result[handler] = nil }
        }
        for member in patch.members {
            result[member.key] =
                member.value.isNull
                ? nil
                : merge(member.value, over: result[member.key] ?? .null, named: member.key)
        }
        return result
    }

    private static func merge(
        _ patch: [Document], over base: [Document], by key: String, whole: Bool
    ) -> [Document] {
        var result = base
        for element in patch {
            let index = element[key].flatMap { name in result.firstIndex { $0[key] == name } }
            if let index {
                result[index] = whole ? element : merge(element, over: result[index], named: "")
            } else {
                result.append(element)
            }
        }
        return result
    }
}
