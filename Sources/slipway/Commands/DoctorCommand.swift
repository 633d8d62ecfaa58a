import ArgumentParser
import Domain
import Presentation

/// `slipway doctor`
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look for what is wrong with an installation, and say what to do.",
        discussion: """
            Looks at the API server and its clock, the kinds that Slipway needs and whether they \
            may be read, Slipway's definitions, the controller's Lease, the gateways that releases \
            name, and what the controller says of sources and releases. It changes nothing. What \
            it may see is what the user of the kubeconfig may see.

            EXAMPLES
              slipway doctor
              slipway doctor --lease-namespace slipway-system
              slipway doctor -o json | jq '.findings[] | select(.result != "ok")'

            EXIT CODES
              0  nothing is broken; there may be warnings
              1  something is broken
              2  wrong usage, or no cluster to talk to
            """)

    @Option(help: "The name of the Lease that controllers take.")
    var leaseName = "slipway-controller"

    @Option(help: "The namespace of the Lease; the context's if it is not given.")
    var leaseNamespace: String?

    @OptionGroup var format: OutputOption
    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        try await cluster.withReleases { releases in
            let lease = NamespacedName(
                namespace: leaseNamespace ?? releases.namespace, name: leaseName)
            let findings = try await Examination(client: releases.client, lease: lease).findings()
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
