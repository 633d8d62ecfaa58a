import Domain

/// What an API server fills in where a pod template says nothing. Left out again, so that a release
/// reads as a person would have written it; the server puts it back.
enum ServerDefaults {
    private static let pod: Fields = fields([
        "restartPolicy": "Always", "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30,
        "securityContext": [:], "serviceAccountName": "default",
    ])
    private static let container: Fields = fields([
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        "resources": [:],
    ])
    private static let probe: Fields = fields([
        "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
    ])
    private static let port: Fields = fields(["protocol": "TCP"])
    private static let httpGet: Fields = fields(["scheme": "HTTP"])
    private static let source: Fields = fields(["defaultMode": 420])
    private static let fieldRef: Fields = fields(["apiVersion": "v1"])

    private static func fields(_ document: Document) -> Fields { document.objectValue ?? .init() }

    /// A pod template without them, and without what only a server writes.
    static func removed(from template: Document) -> Document {
        var result: Document = [:]
        for key in ["labels", "annotations"] {
            if let map = template.at("metadata", key)?.objectValue, !map.isEmpty {
                result.set(["metadata", key], to: .object(map))
            }
        }
        var spec = without(pod, template["spec"] ?? [:])
        // The old name of the same field; servers write both.
        spec["serviceAccount"] = nil
        for list in ["containers", "initContainers"] {
            edit(&spec, list) { Self.clean(container: $0) }
        }
        edit(&spec, "volumes") { volume in
            var volume = volume
            for kind in ["configMap", "secret", "projected", "downwardAPI"] {
                guard let found = volume[kind] else { continue }
                volume[kind] = without(source, found)
            }
            return volume
        }
        result["spec"] = spec
        return result
    }

    private static func clean(container document: Document) -> Document {
        var result = without(container, document)
        if result["imagePullPolicy"] == pullPolicy(of: result["image"]?.stringValue ?? "") {
            result["imagePullPolicy"] = nil
        }
        edit(&result, "ports") { without(port, $0) }
        edit(&result, "env") { variable in
            guard let reference = variable.at("valueFrom", "fieldRef") else { return variable }
            var variable = variable
            variable.set(["valueFrom", "fieldRef"], to: without(fieldRef, reference))
            return variable
        }
        for name in ["startupProbe", "readinessProbe", "livenessProbe"] {
            guard let found = result[name] else { continue }
            var clean = without(probe, found)
            if let get = clean["httpGet"] { clean["httpGet"] = without(httpGet, get) }
            result[name] = clean
        }
        for hook in ["postStart", "preStop"] {
            guard let get = result.at("lifecycle", hook, "httpGet") else { continue }
            result.set(["lifecycle", hook, "httpGet"], to: without(httpGet, get))
        }
        return result
    }

    /// What a server fills in, by the tag of the image.
    private static func pullPolicy(of image: String) -> Document {
        guard !image.contains("@") else { return "IfNotPresent" }
        let tag = ImageName(image).tag
        return tag == nil || tag == "latest" ? "Always" : "IfNotPresent"
    }

    private static func edit(
        _ document: inout Document, _ key: String, _ change: (Document) -> Document
    ) {
        guard let elements = document[key]?.arrayValue else { return }
        document[key] = .array(elements.map(change))
    }

    /// The members that are neither null nor what the server would write by itself.
    private static func without(_ defaults: Fields, _ document: Document) -> Document {
        guard let fields = document.objectValue else { return document }
        return .object(
            Fields(fields.members.filter { !$0.value.isNull && defaults[$0.key] != $0.value }))
    }
}

/// The parts of an image reference.
struct ImageName {
    /// What stands behind the colon; `nil` without one.
    let tag: String?

    init(_ image: String) {
        let plain = image.split(separator: "@", omittingEmptySubsequences: false)[0]
        let last = plain.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        let parts = last.split(separator: ":", omittingEmptySubsequences: false)
        tag = parts.count == 2 && !parts[1].isEmpty ? String(parts[1]) : nil
    }
}
