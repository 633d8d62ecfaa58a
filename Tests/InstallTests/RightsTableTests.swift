import Documents
import Domain
import Foundation
import Resources
import Testing

/// The table of rights, and the files that repeat it.
@Suite struct RightsTableTests {
    /// `SLIPWAY_UPDATE=1` writes the file anew.
    @Test func theChartHoldsTheRights() throws {
        let parts = Right.Part.allCases.map {
            Fields.Member(key: $0.rawValue, value: Right.rules(of: $0))
        }
        let text =
            "# Made from Right.all: run the tests with SLIPWAY_UPDATE=1.\n"
            + YAML.write(.object(Fields(parts)))
        let file = Chart.root.appendingPathComponent("Charts/slipway/files/rights.yaml")
        if Chart.updates { try Data(text.utf8).write(to: file) }
        #expect(
            try String(contentsOf: file, encoding: .utf8) == text,
            "out of date: run the tests with SLIPWAY_UPDATE=1")
    }

    @Test func theReadmeTellsTheRights() throws {
        let readme = try String(
            contentsOf: Chart.root.appendingPathComponent("README.md"), encoding: .utf8)
        for right in Right.all {
            let verbs = right.verbs.map(\.rawValue).joined(separator: ", ")
            let row = "| `\(right.resource)` | \(verbs) | \(right.purpose) |"
            #expect(readme.contains(row), "README.md lacks the row \(row)")
        }
    }

    /// What a controller must never be able to do, whoever adds a right.
    @Test func noRightIsWide() {
        #expect(Set(Right.all.map(\.resource)).count == Right.all.count, "one row a resource")
        for right in Right.all {
            #expect(!right.verbs.isEmpty && Set(right.verbs).count == right.verbs.count)
            #expect(right.purpose.hasSuffix("."))
            #expect(right.kind.group != "rbac.authorization.k8s.io")
            let readOnly: [ResourceKind] = [
                .pod, .node, .gateway, .endpointSlice, .horizontalPodAutoscaler,
            ]
            let writes = right.verbs.contains { [.create, .patch, .delete].contains($0) }
            #expect(!(readOnly.contains(right.kind) && writes), "\(right.resource)")
            #expect(right.kind != .namespace)
            if [.secret, .configMap].contains(right.kind) {
                #expect(right.verbs == [.get] && right.part.isOnRequest, "\(right.resource)")
            }
        }
        for rule in Right.rules(of: .election).arrayValue ?? [] {
            #expect(rule["resourceNames"] == [.string(Right.defaultLease)])
        }
    }
}
