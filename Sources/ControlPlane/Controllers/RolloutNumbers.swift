import Domain

/// What a Deployment's spec asks for, in numbers.
struct RolloutNumbers {
    let replicas: Int
    /// Pods above `replicas` at most.
    let surge: Int
    /// Pods missing at most.
    let unavailable: Int
    let isRolling: Bool
    let isPaused: Bool
    let historyLimit: Int
    /// Seconds; `nil` for no deadline.
    let deadline: Int64?

    init(_ deployment: Document) {
        let spec = deployment["spec"] ?? [:]
        // Bounded, so that sums cannot overflow.
        let replicas = min(max(spec["replicas"]?.intValue ?? 1, 0), 1_000_000)
        self.replicas = replicas
        isPaused = spec["paused"]?.boolValue ?? false
        isRolling = spec.at("strategy", "type")?.stringValue != "Recreate"
        historyLimit = spec["revisionHistoryLimit"]?.intValue ?? 10
        deadline = spec["progressDeadlineSeconds"]?.integerValue ?? 600
        guard isRolling else {
            surge = 0
            unavailable = 0
            return
        }
        let update = spec.at("strategy", "rollingUpdate")
        let above = Self.resolve(update?["maxSurge"] ?? "25%", of: replicas, up: true)
        let below = Self.resolve(update?["maxUnavailable"] ?? "25%", of: replicas, up: false)
        surge = above
        // Both 0 would never get anywhere.
        unavailable = replicas == 0 ? 0 : min(above == 0 && below == 0 ? 1 : below, replicas)
    }

    /// A number, or a percentage of a whole.
    static func resolve(_ value: Document, of whole: Int, up: Bool) -> Int {
        if let number = value.intValue { return min(max(number, 0), 1_000_000) }
        guard let text = value.stringValue, text.hasSuffix("%"), let percent = Int(text.dropLast()),
            (0...1_000_000).contains(percent)
        else { return 0 }
        return (percent * whole + (up ? 99 : 0)) / 100
    }

    /// How many pods the new set may have: `size` it has, `total` all sets have.
    func sizeOfNew(_ size: Int, total: Int) -> Int {
        guard isRolling else { return replicas }
        let free = replicas + surge - total
        return free <= 0 ? size : size + min(free, max(replicas - size, 0))
    }
}
