import Domain

extension DeploymentController {
    // MARK: Conditions

    func condition(_ type: String) -> Document? {
        conditions.first { $0["type"]?.stringValue == type }
    }

    private mutating func set(
        _ type: String,
        _ status: String,
        _ reason: String,
        _ message: String,
        since: Document? = nil
    ) {
        let time = Document.string(now.description)
        let before = condition(type)
        if since == nil, before?["status"]?.stringValue == status,
            before?["reason"]?.stringValue == reason
        {
            return
        }
        let isSame = before?["status"]?.stringValue == status
        conditions.removeAll { $0["type"]?.stringValue == type }
        conditions.append([
            "type": .string(type), "status": .string(status), "reason": .string(reason),
            "message": .string(message), "lastUpdateTime": time,
            "lastTransitionTime": since ?? (isSame ? before?["lastTransitionTime"] : nil) ?? time,
        ])
    }

    mutating func setProgress(_ status: String, _ reason: String, _ message: String) {
        guard numbers.deadline != nil else { return }
        set("Progressing", status, reason, message)
    }

    /// A paused rollout is neither progressing nor late.
    mutating func notePause() {
        let reason = condition("Progressing")?["reason"]?.stringValue
        guard reason != "ProgressDeadlineExceeded" else { return }
        if numbers.isPaused, reason != "DeploymentPaused" {
            setProgress("Unknown", "DeploymentPaused", "Deployment is paused")
        } else if !numbers.isPaused, reason == "DeploymentPaused" {
            setProgress("Unknown", "DeploymentResumed", "Deployment is resumed")
        }
    }

    // MARK: Status

    /// The status that the sets give.
    func status(_ conditions: [Document]) -> Document {
        func sum(_ name: String) -> Int { sets.reduce(0) { $0 + $1.statusCount(name) } }
        let available = sum("availableReplicas")
        var status: Document = [
            "observedGeneration": .integer(deployment.objectGeneration),
            "terminatingReplicas": .integer(sum("terminatingReplicas")),
            "conditions": .array(conditions),
        ]
        let counts = [
            ("replicas", sum("replicas")),
            ("updatedReplicas", current?.statusCount("replicas") ?? 0),
            ("readyReplicas", sum("readyReplicas")),
            ("availableReplicas", available),
            ("unavailableReplicas", max(sets.totalReplicas - available, 0)),
        ]
        // Zeros are left out, as in Go.
        for (name, count) in counts where count != 0 { status[name] = .integer(count) }
        if let collisions = deployment.at("status", "collisionCount") {
            status["collisionCount"] = collisions
        }
        return status
    }

    func isComplete(_ status: Document) -> Bool {
        ["updatedReplicas", "replicas", "availableReplicas"].allSatisfy {
            (status[$0]?.intValue ?? 0) == numbers.replicas
        }
    }

    /// Writes the status if it changed.
    ///
    /// - Parameter progress: judge whether the rollout moves.
    /// - Returns: when the rollout will be late.
    @discardableResult
    mutating func writeStatus(progress: Bool) -> Timestamp? {
        let available = sets.reduce(0) { $0 + $1.statusCount("availableReplicas") }
        if available >= numbers.replicas - numbers.unavailable {
            set(
                "Available",
                "True",
                "MinimumReplicasAvailable",
                "Deployment has minimum availability."
            )
        } else {
            set(
                "Available",
                "False",
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability."
            )
        }
        var due: Timestamp?
        if numbers.deadline == nil {
            conditions.removeAll { $0["type"]?.stringValue == "Progressing" }
        } else if progress {
            due = judgeProgress()
            noteFailures()
        }
        let new = status(conditions)
        let annotation = newRevision
        let hasRevision =
            annotation == nil
            || deployment.objectAnnotations[Self.revision]?.stringValue == annotation
        guard new != deployment["status"] || !hasRevision else { return due }
        _ = try? store.update(key, .controller(now, .status)) { object in
            var changed = object
            changed["status"] = new
            if let collisions = object.at("status", "collisionCount") {
                changed.set(["status", "collisionCount"], to: collisions)
            }
            if let annotation {
                changed.set(["metadata", "annotations", Self.revision], to: .string(annotation))
            }
            return changed
        }
        return due
    }

    private mutating func judgeProgress() -> Timestamp? {
        let new = status([])
        func count(_ name: String) -> Int { new[name]?.intValue ?? 0 }
        let before = condition("Progressing")
        let name = current.map { "ReplicaSet \"\($0.objectName)\"" }
        let subject = name ?? "Deployment \"\(key.name)\""
        let isDone =
            count("replicas") == count("updatedReplicas")
            && before?["reason"]?.stringValue == "NewReplicaSetAvailable"
        guard !isDone else { return nil }
        let past = deployment
        func old(_ name: String) -> Int { past.statusCount(name) }
        if isComplete(new) {
            let text = "\(subject) has successfully progressed."
            setProgress("True", "NewReplicaSetAvailable", text)
            return nil
        }
        let moves =
            count("updatedReplicas") != old("updatedReplicas")
            || count("replicas") - count("updatedReplicas")
                < old("replicas") - old("updatedReplicas")
            || count("readyReplicas") > old("readyReplicas")
            || count("availableReplicas") > old("availableReplicas")
        if moves {
            let wasTrue = before?["status"]?.stringValue == "True"
            let time = Document.string(now.description)
            set(
                "Progressing",
                "True",
                "ReplicaSetUpdated",
                "\(subject) is progressing.",
                since: (wasTrue ? before?["lastTransitionTime"] : nil) ?? time
            )
        } else if let late = deadline(before), late < now {
            setProgress(
                "False",
                "ProgressDeadlineExceeded",
                "\(subject) has timed out progressing."
            )
        }
        // Late is what is past the deadline; a millisecond after it at the earliest.
        return deadline(condition("Progressing")).map { $0 + .milliseconds(1) }
    }

    /// When progress has to be seen at the latest.
    private func deadline(_ progress: Document?) -> Timestamp? {
        let reason = progress?["reason"]?.stringValue
        guard reason != "NewReplicaSetAvailable", reason != "ProgressDeadlineExceeded",
            let text = progress?["lastUpdateTime"]?.stringValue,
            let time = Timestamp(rfc3339: text), let seconds = numbers.deadline
        else { return nil }
        return time + .seconds(min(seconds, 1_000_000_000))
    }

    /// A set that cannot make pods is the Deployment's trouble.
    private mutating func noteFailures() {
        let failures = ([current].compactMap { $0 } + old).flatMap {
            $0.at("status", "conditions")?.arrayValue ?? []
        }.filter { $0["type"]?.stringValue == "ReplicaFailure" }
        guard let failure = failures.first else {
            conditions.removeAll { $0["type"]?.stringValue == "ReplicaFailure" }
            return
        }
        set(
            "ReplicaFailure",
            failure["status"]?.stringValue ?? "True",
            failure["reason"]?.stringValue ?? "",
            failure["message"]?.stringValue ?? ""
        )
    }
}
