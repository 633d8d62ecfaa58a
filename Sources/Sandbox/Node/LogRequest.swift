import ControlPlane
import Domain

/// A request for the log of a container, `GET …/pods/NAME/log`, as `kubectl logs` makes it.
struct LogRequest: Sendable, Hashable {
    let namespace: String
    let pod: String
    /// Empty for a pod's only container.
    var container = ""
    var follows = false
    var wantsPrevious = false
    var showsTimes = false
    var tail: Int?
    /// Only what was printed from then on.
    var since: Timestamp?
    var byteLimit: Int?

    /// `nil` for any other request.
    init?(_ request: APIRequest, now: Timestamp) {
        let parts = request.path.split(separator: "/").map(String.init)
        guard request.method == "GET", parts.count == 7, parts[0] == "api", parts[1] == "v1",
            parts[2] == "namespaces", parts[4] == "pods", parts[6] == "log"
        else { return nil }
        namespace = parts[3]
        pod = parts[5]
        for (name, value) in request.query {
            let isYes = value != "false" && value != "0"
            switch name {
            case "container": container = value
            case "follow": follows = isYes
            case "previous": wantsPrevious = isYes
            case "timestamps": showsTimes = isYes
            case "tailLines": tail = Int(value).map { max(0, $0) }
            case "limitBytes": byteLimit = Int(value).map { max(1, $0) }
            case "sinceSeconds":
                since = Int64(value).map { now - .seconds(min(max($0, 0), 1 << 32)) }
            case "sinceTime": since = Timestamp(rfc3339: value)
            default: break
            }
        }
    }

    /// One run of one container.
    struct Target: Sendable, Hashable {
        let container: String
        let run: Int
    }

    /// Whose log is meant.
    ///
    /// - Throws: 400 in the words of the API server and the kubelet.
    func target(in object: Document) throws(APIStatus) -> Target {
        func names(_ list: String) -> [String] {
            (object.at("spec", list)?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
        }
        let mains = names("containers")
        let initial = names("initContainers")
        var chosen = container
        if chosen.isEmpty {
            guard mains.count == 1 else {
                var text =
                    "a container name must be specified for pod \(pod), choose one of: "
                    + "[\(mains.joined(separator: " "))]"
                if !initial.isEmpty {
                    text += " or one of the init containers: [\(initial.joined(separator: " "))]"
                }
                throw .badRequest(text)
            }
            chosen = mains[0]
        }
        guard (mains + initial).contains(chosen) else {
            throw .badRequest("container \(chosen) is not valid for pod \(pod)")
        }
        let statuses =
            (object.at("status", "containerStatuses")?.arrayValue ?? [])
            + (object.at("status", "initContainerStatuses")?.arrayValue ?? [])
        let status = statuses.first { $0["name"]?.stringValue == chosen } ?? .null
        let run = status["restartCount"]?.intValue ?? 0
        let waiting = status.at("state", "waiting")
        let hasLast = status.at("lastState", "terminated") != nil
        if wantsPrevious {
            guard hasLast else {
                throw .badRequest(
                    "previous terminated container \"\(chosen)\" in pod \"\(pod)\" not found")
            }
            return Target(container: chosen, run: waiting == nil ? run - 1 : run)
        }
        let isOrWas = status["state"] != nil && waiting == nil
        guard isOrWas || hasLast else {
            let reason = waiting?["reason"]?.stringValue ?? "ContainerCreating"
            let words =
                switch reason {
                case "ErrImagePull": "image can't be pulled"
                case "ImagePullBackOff": "trying and failing to pull image"
                default: reason
                }
            throw .badRequest(
                "container \"\(chosen)\" in pod \"\(pod)\" is waiting to start: \(words)")
        }
        return Target(container: chosen, run: run)
    }

    /// The lines that are wanted of a log as it is.
    func selected(_ lines: [LogFile.Line]) -> ArraySlice<LogFile.Line> {
        var lines = lines
        if let since {
            let first = since.rfc3339(fractionDigits: 3)
            lines.removeAll { $0.time < first }
        }
        guard let tail else { return lines[...] }
        return LogFile.last(tail, of: lines)
    }

    /// The lines as they are sent.
    func text(_ lines: some Sequence<LogFile.Line>) -> [UInt8] {
        var bytes: [UInt8] = []
        for line in lines {
            if showsTimes { bytes += "\(line.time.dropLast())000000Z ".utf8 }
            bytes += line.text.utf8
            if line.isWhole { bytes.append(UInt8(ascii: "\n")) }
        }
        return bytes
    }
}
