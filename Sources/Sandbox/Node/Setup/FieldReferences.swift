import ControlPlane
import Domain

/// Values of a pod that its containers may ask for.
enum FieldReferences {
    /// What a container can know of its pod and of the node.
    struct Source: Sendable {
        let pod: Document
        let podIP: String
        let hostIP: String
        let nodeName: String
    }

    /// The value of a `fieldRef`; `nil` for a field that cannot be asked for.
    static func value(of path: String, _ source: Source) -> String? {
        let pod = source.pod
        if let key = subscripted(path, "metadata.labels") {
            return pod.objectLabels[key]?.stringValue ?? ""
        }
        if let key = subscripted(path, "metadata.annotations") {
            return pod.objectAnnotations[key]?.stringValue ?? ""
        }
        switch path {
        case "metadata.name": return pod.objectName
        case "metadata.namespace": return pod.objectNamespace
        case "metadata.uid": return pod.objectUID
        case "metadata.labels": return lines(pod.objectLabels)
        case "metadata.annotations": return lines(pod.objectAnnotations)
        case "spec.nodeName": return source.nodeName
        case "spec.serviceAccountName":
            return pod.at("spec", "serviceAccountName")?.stringValue ?? "default"
        case "status.podIP", "status.podIPs": return source.podIP
        case "status.hostIP", "status.hostIPs": return source.hostIP
        default: return nil
        }
    }

    /// The value of a `resourceFieldRef`; `nil` for an unknown resource or container.
    static func resource(
        _ reference: Document, container: Document, _ source: Source, capacity: Document
    ) -> String? {
        var container = container
        if let name = reference["containerName"]?.stringValue, !name.isEmpty {
            let all =
                (source.pod.at("spec", "containers")?.arrayValue ?? [])
                + (source.pod.at("spec", "initContainers")?.arrayValue ?? [])
            guard let other = all.first(where: { $0["name"]?.stringValue == name }) else {
                return nil
            }
            container = other
        }
        let parts = (reference["resource"]?.stringValue ?? "").split(
            separator: ".", maxSplits: 1)
        guard parts.count == 2, parts[0] == "limits" || parts[0] == "requests" else { return nil }
        let name = String(parts[1])
        // Without a limit it is all that the node has; without a request nothing.
        let amount =
            container.at("resources", String(parts[0]), name)
            ?? (parts[0] == "limits" ? capacity[name] ?? 0 : 0)
        let divisor = reference["divisor"].flatMap { Amount.thousandths($0) } ?? 0
        guard let value = Amount.thousandths(amount) else { return nil }
        let unit = divisor > 0 ? divisor : 1000
        return String(value / unit + (value % unit > 0 ? 1 : 0))
    }

    /// The key of `metadata.labels['KEY']`.
    private static func subscripted(_ path: String, _ field: String) -> String? {
        guard path.hasPrefix("\(field)['"), path.hasSuffix("']") else { return nil }
        return String(path.dropFirst(field.utf8.count + 2).dropLast(2))
    }

    private static func lines(_ fields: Fields) -> String {
        fields.members.map {
            "\($0.key)=\(Document.string($0.value.stringValue ?? "").canonicalJSONString())"
        }.joined(separator: "\n")
    }
}
