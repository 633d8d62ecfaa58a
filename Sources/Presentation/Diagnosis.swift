package import API
package import Domain

/// One thing that was looked at, and what to do about it.
package struct Finding: Hashable, Sendable {
    /// How it stands.
    package enum Result: String, Hashable, Sendable {
        case good = "ok"
        case doubtful = "warning"
        case bad = "failed"
    }

    package let subject: String
    package let result: Result
    package let text: String
    /// What to do; empty where nothing has to be done.
    package let advice: String

    package init(_ subject: String, _ result: Result, _ text: String, advice: String = "") {
        self.subject = subject
        self.result = result
        self.text = text
        self.advice = advice
    }

    /// For programs.
    package var document: Document {
        var document: Document = [
            "subject": .string(subject), "result": .string(result.rawValue), "text": .string(text),
        ]
        if !advice.isEmpty { document["advice"] = .string(advice) }
        return document
    }

    /// For people: one line, and one below it with what to do.
    package func text(_ style: Style) -> String {
        let mark: Style.Mark =
            switch result {
            case .good: .done
            case .doubtful: .warning
            case .bad: .failed
            }
        let line = style.line(mark, "\(subject): \(text)") + "\n"
        return advice.isEmpty ? line : line + "    \(printable(advice))\n"
    }
}

/// What is right and wrong with an installation: each rule says what it means that something was
/// seen.
package enum Diagnosis {
    /// What was seen of a kind of objects, or of one object.
    package enum Sight: Hashable, Sendable {
        case there
        case missing
        /// Nobody could look: why.
        case unseen(String)
    }

    // MARK: The API server

    /// The oldest and the newest minor version of Kubernetes 1 that Slipway is made for.
    package static let minors = 30...36

    /// - Parameter version: as the server says it, `v1.36.0`.
    package static func server(version: String) -> Finding {
        let parts = version.drop { $0 == "v" }.split(separator: ".")
        let minor = parts.count > 1 ? Int(parts[1].prefix { $0.isNumber }) : nil
        guard parts.first == "1", let minor else {
            return Finding(
                "API server", .doubtful, "it calls itself \(version)",
                advice: "Slipway is made for Kubernetes 1.\(minors.lowerBound) to "
                    + "1.\(minors.upperBound)")
        }
        guard minor >= minors.lowerBound else {
            return Finding(
                "API server", .bad, "Kubernetes \(version) is too old",
                advice: "use Kubernetes 1.\(minors.lowerBound) or newer")
        }
        guard minor <= minors.upperBound else {
            return Finding(
                "API server", .doubtful, "Kubernetes \(version) is newer than this Slipway",
                advice: "look for a newer Slipway; this one was made for versions up to "
                    + "1.\(minors.upperBound)")
        }
        return Finding("API server", .good, "Kubernetes \(version)")
    }

    /// - Parameter ahead: how far the server's clock is ahead of ours; to the second.
    package static func clock(ahead: TimeSpan) -> Finding {
        let distance = ahead < .zero ? TimeSpan.zero - ahead : ahead
        guard distance > .seconds(5) else {
            return Finding("clock", .good, "within 5s of the API server's")
        }
        return Finding(
            "clock", .doubtful,
            "the API server's is \(distance) \(ahead < .zero ? "behind" : "ahead")",
            advice: "synchronize the clocks (NTP); times of pods and of this machine are compared")
    }

    // MARK: Kinds

    /// Whether a kind is served and may be read.
    package static func kind(
        _ kind: ResourceKind, isNeeded: Bool, _ sight: Sight
    ) -> Finding {
        let subject = "kind \(kind)"
        let result: Finding.Result = isNeeded ? .bad : .doubtful
        switch sight {
        case .there: return Finding(subject, .good, "served as \(kind.apiVersion), and readable")
        case .missing:
            return Finding(
                subject, result, "the server does not serve \(kind.apiVersion)",
                advice: origin(of: kind))
        case .unseen(let reason):
            return Finding(
                subject, result, reason,
                advice: "give the right to get, list and watch \(kind)")
        }
    }

    private static func origin(of kind: ResourceKind) -> String {
        switch kind.group {
        case Names.group: "kubectl apply -f Manifests/crds"
        case "gateway.networking.k8s.io":
            "install the Gateway API, see gateway-api.sigs.k8s.io, and a controller for it"
        default: "it comes with Kubernetes; is its API switched off?"
        }
    }

    // MARK: Rights

    /// Whoever asked may do all that the controller does.
    package static let rightsComplete = Finding(
        "rights", .good, "you may do all that the controller does")

    /// The server does not say what whoever asked may do.
    package static let rightsUnknown = Finding(
        "rights", .doubtful, "the server does not say what you may do")

    /// - Parameters:
    ///   - missing: verbs that whoever asked may not use; one at least.
    ///   - purpose: what the controller needs them for.
    package static func right(
        _ resource: String, missing: [String], isNeeded: Bool, purpose: String
    ) -> Finding {
        Finding(
            "right to \(resource)", isNeeded ? .bad : .doubtful,
            "you may not \(missing.joined(separator: ", "))",
            advice:
                "the controller needs it. \(purpose) If you are the controller, apply the roles "
                + "of the installation again")
    }

    /// Whether the definition of a kind of ours is the one of this program.
    ///
    /// - Parameter stored: the definition in the cluster; `nil` where it cannot be read.
    package static func definition(_ own: Document, stored: Document?) -> Finding {
        let name = own.at("metadata", "name")?.stringValue ?? ""
        let subject = "definition \(name)"
        guard let stored else {
            return Finding(subject, .doubtful, "cannot be read, and so not be compared")
        }
        guard schema(of: own) == schema(of: stored) else {
            return Finding(
                subject, .doubtful, "the cluster's is of another version of Slipway",
                advice: "kubectl apply -f Manifests/crds")
        }
        return Finding(subject, .good, "as this version of Slipway has it")
    }

    private static func schema(of definition: Document) -> Document? {
        definition.at("spec", "versions")?[0]?.at("schema", "openAPIV3Schema")
    }

    // MARK: Objects

    /// Whether a Gateway that releases name can carry traffic.
    package static func gateway(
        _ id: NamespacedName, namedBy release: NamespacedName, _ sight: Sight,
        programmed: Condition.Status = .unknown, message: String = ""
    ) -> Finding {
        let subject = "gateway \(id)"
        switch sight {
        case .there where programmed == .yes: return Finding(subject, .good, "programmed")
        case .there:
            return Finding(
                subject, .bad,
                "not programmed\(message.isEmpty ? ", and nobody says why" : ": \(message)")",
                advice: "is there a controller for its class? kubectl describe gateway "
                    + "\(id.name) -n \(id.namespace)")
        case .missing:
            return Finding(
                subject, .bad, "\(release) names it, and there is none",
                advice: "make it, or change spec.traffic.gateway.parentRefs of \(release)")
        case .unseen(let reason): return Finding(subject, .doubtful, reason)
        }
    }

    /// Whether a source follows its repository.
    package static func source(_ id: NamespacedName, _ status: SourceStatus) -> Finding {
        let subject = "source \(id)"
        let ready = status.conditions.first { $0.type == "Ready" }
        guard let ready else {
            return Finding(
                subject, .doubtful, "no controller has said anything of it yet",
                advice: "does a controller run? see leader")
        }
        guard ready.status == .yes else {
            let message = ready.message.isEmpty ? ready.reason : ready.message
            return Finding(
                subject, .bad, message,
                advice: "kubectl describe releasesource \(id.name) -n \(id.namespace)")
        }
        let commit = status.observedCommit.prefix(7)
        return Finding(
            subject, .good, "\(status.releases) releases of commit \(commit) are in force")
    }

    /// Whether a release does well. One that is on its way does.
    package static func release(_ id: NamespacedName, _ status: ReleaseStatus) -> Finding {
        let subject = "release \(id)"
        let text = "\(status.phase.rawValue)\(status.message.isEmpty ? "" : ": \(status.message)")"
        let advice = "slipway describe \(id.name) -n \(id.namespace)"
        if let broken = status.conditions.first(where: {
            $0.type == "InvariantViolated" && $0.status == .yes
        }) {
            return Finding(subject, .bad, broken.message, advice: advice)
        }
        switch status.phase {
        case .healthy, .progressing, .paused, .pending: return Finding(subject, .good, text)
        case .reverting, .reverted, .rejected:
            return Finding(subject, .doubtful, text, advice: advice)
        case .degraded: return Finding(subject, .bad, text, advice: advice)
        }
    }

    // MARK: The controller

    /// Whether a controller works, by its Lease.
    ///
    /// - Parameters:
    ///   - holder: who has the Lease; `nil` where there is no Lease, empty where nobody has it.
    ///   - silence: how long it was not renewed.
    ///   - duration: how long it holds without a renewal.
    package static func leader(
        _ lease: NamespacedName, holder: String?, silence: TimeSpan?, duration: TimeSpan
    ) -> Finding {
        let advice = "kubectl get pods and their logs, where the controller runs"
        guard let holder else {
            return Finding(
                "leader", .doubtful, "there is no Lease \(lease)",
                advice: "name it with --lease-name and --lease-namespace, or apply the "
                    + "installation again, which has it; a controller without --leader-elect "
                    + "needs none")
        }
        guard !holder.isEmpty else {
            return Finding("leader", .bad, "nobody has the Lease \(lease)", advice: advice)
        }
        guard let silence, silence <= duration else {
            let text = silence.map { "for \($0)" } ?? "ever"
            return Finding(
                "leader", .bad, "\(holder) has the Lease and did not renew it \(text)",
                advice: advice)
        }
        return Finding("leader", .good, "\(holder), renewed \(max(.zero, silence)) ago")
    }
}
