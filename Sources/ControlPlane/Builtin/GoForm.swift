import Domain

/// Brings an object into the form that Go's types give it: no members the kind does not have, no
/// nulls, no empty maps and lists, quantities in their one spelling.
enum GoForm {
    /// Members that stay null or empty: Go always writes them.
    private static let alwaysWritten: Set<String> = [
        "currentMetrics", "lastProbeTime", "endpoints", "ports", "conditions",
    ]

    /// Flags that Go leaves out when they are false.
    private static let omittedFalse: Set<String> = [
        "hostIPC", "hostNetwork", "hostPID", "paused", "publishNotReadyAddresses", "stdin",
        "stdinOnce", "tty", "unschedulable",
    ]

    /// Numbers that Go leaves out when they are 0.
    private static let omittedZero: Set<String> = [
        "hostPort", "initialDelaySeconds", "minReadySeconds", "nodePort",
    ]

    /// The object in Go's form.
    ///
    /// - Parameter old: what stood in the place before, which has this form.
    static func normalized(
        _ value: Document, over old: Document? = nil, _ shape: Shape
    ) -> Document {
        if let old, value == old { return value }
        switch (shape, value) {
        case (.scalar(.quantity), _):
            let text = value.stringValue ?? value.doubleValue.map { _ in value.inMessage }
            return text.flatMap(Quantity.init).map { .string($0.canonical) } ?? value
        case (.list(let element, _), .array(let list)):
            var result = list
            for (index, item) in list.enumerated() {
                let new = normalized(item, element)
                if new != item { result[index] = new }
            }
            return .array(result)
        case (.map(let element, _), .object(let fields)):
            var isOfStrings = false
            if case .scalar(.string) = element { isOfStrings = true }
            var result = fields
            for member in fields.members {
                let child = normalized(member.value, over: old?[member.key], element)
                let isNothing = child.isNull && isOfStrings
                let new = isNothing ? "" : child
                if new != member.value { result[member.key] = new }
            }
            return .object(result)
        case (.structure(let structure), .object(let fields)):
            // Most objects are in this form already: what stays the same is not made anew.
            var result = fields
            for member in fields.members {
                guard let child = structure.members[member.key] ?? structure.others else {
                    result[member.key] = nil
                    continue
                }
                let new = normalized(member.value, over: old?[member.key], child)
                if isOmitted(member.key, new, child) {
                    result[member.key] = nil
                } else if new != member.value {
                    result[member.key] = new
                }
            }
            return .object(result)
        default: return value
        }
    }

    private static func isOmitted(_ key: String, _ value: Document, _ shape: Shape) -> Bool {
        switch (value, shape) {
        case (.null, _): !alwaysWritten.contains(key)
        case (.array(let list), .list): list.isEmpty && !alwaysWritten.contains(key)
        case (.object(let fields), .map): fields.isEmpty
        case (.bool(false), _): omittedFalse.contains(key)
        case (.integer(0), _): omittedZero.contains(key)
        default: false
        }
    }
}
