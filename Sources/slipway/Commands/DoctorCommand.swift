import ArgumentParser
import Domain
import Presentation
import Resources

/// `slipway doctor`
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look for what is wrong with an installation, and say what to do.",
        discussion: """
            Looks at the API server and its clock, the kinds that Slipway needs and whether they \
            may be read, the rights of whoever asks, Slipway's definitions, the controller's \
            Lease, the gateways that releases name, and what the controller says of sources and \
            releases. It changes nothing. In the controller's own pod it looks with the \
            controller's rights.

            EXAMPLES
              slipway doctor --lease-namespace slipway-system
              slipway doctor --only risk
              kubectl exec -n slipway-system deploy/slipway -- slipway doctor
              slipway doctor -o json | jq '.findings[] | select(.result != "ok")'

            EXIT CODES
              0  nothing is broken; there may be warnings
              1  something is broken
              2  wrong usage, or no cluster to talk to
            """)

    @Option(help: "The name of the Lease that controllers take.")
    var leaseName = Right.defaultLease

    @Option(help: "The namespace of the Lease; the context's if it is not given.")
    var leaseNamespace: String?

    @Option(help: "The only namespace that the controller follows, if it was given one.")
    var only: String?

    @OptionGroup var format: OutputOption
    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        try await cluster.withReleases { releases in
            let lease = NamespacedName(
                namespace: leaseNamespace ?? releases.namespace, name: leaseName)
            let findings = try await Examination(
                client: releases.client, lease: lease, only: only
            ).findings()
            show(findings)
            guard !findings.contains(where: { $0.result == .bad }) else {
                throw ExitCode.difference
            }
        }
    }

    private func show(_ findings: [Finding]) {
        let terminal = Terminal.standard
        switch format.output {
        case .json: terminal.write(ObjectText.json(Self.document(findings)))
        case .yaml: terminal.write(ObjectText.text([Self.document(findings)], as: .yaml))
        case .name: terminal.write(findings.map { "\($0.subject)\n" }.joined())
        case .wide: terminal.write(findings.map { $0.text(terminal.style) }.joined())
        case nil:
            // What is well in dozens of releases is one line.
            let wrong = findings.filter { $0.result != .good || !$0.subject.hasPrefix("release ") }
            terminal.write(wrong.map { $0.text(terminal.style) }.joined())
            let well = findings.count - wrong.count
            if well > 0 {
                terminal.write(
                    Finding("releases", .good, "\(well) do well").text(terminal.style))
            }
        }
    }

    private static func document(_ findings: [Finding]) -> Document {
        ["findings": .array(findings.map(\.document))]
    }
}
