package import Domain

/// Tells whether an object in the cluster still says what Slipway wants of it.
package enum Drift {
    /// More places than these nobody reads.
    private static let limit = 50

    /// Where `observed` differs from `desired`, by the path in `desired`; empty if everything that
    /// is desired is there.
    ///
    /// What is not desired may be there: defaults of the server, fields of other managers,
    /// status. Elements of lists with a key are found by it; quantities are compared by value;
    /// what is empty counts as absent, because servers leave it out.
    package static func differs(desired: Document, observed: Document) -> [FieldPath] {
        var found: [FieldPath] = []
        var path = FieldPath.root
        compare(desired, observed, at: &path, named: "", inQuantities: false, &found)
        return found
    }

    /// Objects whose members are quantities.
    private static let quantityMaps: Set<String> = ["limits", "requests"]
    private static let quantities: Set<String> = ["sizeLimit", "divisor", "storage"]

    /// Fields whose zero a server leaves out.
    private static let absentWhenZero: Set<String> = [
        "minReadySeconds", "hostNetwork", "hostPID", "hostIPC", "tty", "stdin", "stdinOnce",
        "paused", "readOnly", "initialDelaySeconds", "publishNotReadyAddresses",
        "hostPort",
    ]

    private static func compare(
        _ desired: Document, _ observed: Document?, at path: inout FieldPath, named name: String,
        inQuantities: Bool, _ found: inout [FieldPath]
    ) {
        guard found.count < limit else { return }
        guard let observed, !observed.isNull else {
            if !countsAsAbsent(desired, named: name) { found.append(path) }
            return
        }
        switch (desired, observed) {
        case (.object(let members), .object(let others)):
            for member in members.members {
                path.parts.append(.key(member.key))
                compare(
                    member.value, others[member.key], at: &path, named: member.key,
                    inQuantities: quantityMaps.contains(name), &found)
                path.parts.removeLast()
            }
        case (.array(let elements), .array(let others)):
            compare(elements, others, at: &path, named: name, &found)
        case (.null, _): found.append(path)
        default:
            let isAmount = inQuantities || quantities.contains(name)
            if !sameLeaf(desired, observed, isAmount: isAmount) { found.append(path) }
        }
    }

    private static func compare(
        _ elements: [Document], _ others: [Document], at path: inout FieldPath, named name: String,
        _ found: inout [FieldPath]
    ) {
        guard let key = key(of: name, elements) else {
            guard elements.count == others.count else {
                found.append(path)
                return
            }
            for (index, (element, other)) in zip(elements, others).enumerated() {
                path.parts.append(.index(index))
                compare(element, other, at: &path, named: "", inQuantities: false, &found)
                path.parts.removeLast()
            }
            return
        }
        for (index, element) in elements.enumerated() {
            let candidates = others.filter { $0[key] == element[key] }
            var best: [FieldPath]? = nil
            path.parts.append(.index(index))
            defer { path.parts.removeLast() }
            // One port number may stand there for each protocol.
            for candidate in candidates where best?.isEmpty != true {
                var differences: [FieldPath] = []
                compare(
                    element, candidate, at: &path, named: "", inQuantities: false,
                    &differences)
                if differences.count < best?.count ?? Int.max { best = differences }
            }
            found += best ?? [path]
        }
    }

    /// The member that names the elements of a list, if all of them have it.
    private static func key(of name: String, _ elements: [Document]) -> String? {
        let candidates = [StrategicMerge.keys[name], name == "ports" ? "port" : nil]
        return candidates.compactMap { $0 }.first { key in
            elements.allSatisfy { $0[key] != nil }
        }
    }

    private static func countsAsAbsent(_ value: Document, named name: String) -> Bool {
        switch value {
        case .null: true
        case .string(let text): text.isEmpty
        case .array(let elements): elements.isEmpty
        case .object(let members):
            members.members.allSatisfy {
                countsAsAbsent($0.value, named: $0.key)
            }
        case .bool(let flag): !flag && absentWhenZero.contains(name)
        case .integer(let number): number == 0 && absentWhenZero.contains(name)
        case .double(let number): number == 0 && absentWhenZero.contains(name)
        }
    }

    private static func sameLeaf(_ left: Document, _ right: Document, isAmount: Bool) -> Bool {
        if left == right { return true }
        if isAmount, let left = Quantity(left), let right = Quantity(right) {
            return left == right
        }
        if let left = left.doubleValue, let right = right.doubleValue { return left == right }
        return false
    }
}
