import Domain

/// The addresses and node ports that Services hold.
struct ServiceAddresses: Sendable {
    private var taken: Set<String> = []

    private static let nodePorts = 30_000..<32_768

    /// Notes what a Service that came, changed or went holds.
    mutating func note(from old: Document?, to new: Document?) {
        for value in old.map(Self.held) ?? [] { taken.remove(value) }
        for value in new.map(Self.held) ?? [] { taken.insert(value) }
    }

    private static func held(_ service: Document) -> [String] {
        let addresses = (service.at("spec", "clusterIPs")?.arrayValue ?? [])
            .compactMap(\.stringValue).filter { $0 != "None" }
        let ports = (service.at("spec", "ports")?.arrayValue ?? [])
            .compactMap { $0["nodePort"]?.integerValue }.filter { $0 > 0 }.map { ":\($0)" }
        return addresses + ports
    }

    /// Gives a Service the addresses it lacks. What `old` has stays.
    ///
    /// - Throws: 422 for an address that another Service has.
    func assign(
        _ service: inout Document, old: Document?, _ generator: inout SeededGenerator
    ) throws(APIStatus) {
        let type = service.at("spec", "type")?.stringValue ?? "ClusterIP"
        guard type != "ExternalName" else { return }
        let isSame = old?.at("spec", "type") != "ExternalName"
        var address = service.at("spec", "clusterIP")?.stringValue ?? ""
        let former = isSame ? old?.at("spec", "clusterIP")?.stringValue ?? "" : ""
        if address.isEmpty { address = former }
        if address.isEmpty {
            repeat {
                let number = generator.next()
                address = "10.96.\(number >> 8 & 255).\(1 + number % 254)"
            } while taken.contains(address)
        } else if address != "None", address != former, taken.contains(address) {
            let value = Document.string(address)
            throw .invalid(
                .service, service.objectName,
                [
                    .invalid(
                        "spec.clusterIPs", [value],
                        "failed to allocate IP \(address): provided IP is already allocated")
                ])
        }
        service.set(["spec", "clusterIP"], to: .string(address))
        service.set(["spec", "clusterIPs"], to: [.string(address)])
        guard type != "ClusterIP" else { return }
        assignPorts(&service, old, &generator)
    }

    private func assignPorts(
        _ service: inout Document, _ old: Document?, _ generator: inout SeededGenerator
    ) {
        var used = taken
        let former = old?.at("spec", "ports")?.arrayValue ?? []
        let ports = (service.at("spec", "ports")?.arrayValue ?? []).map { port -> Document in
            guard (port["nodePort"]?.integerValue ?? 0) == 0 else { return port }
            var result = port
            let same = former.first { $0["port"] == port["port"] && $0["name"] == port["name"] }
            if let number = same?["nodePort"] {
                result["nodePort"] = number
                return result
            }
            // Bounded: with all ports taken, two Services share one.
            for _ in 0..<10_000 {
                let count = UInt64(Self.nodePorts.count)
                let number = Self.nodePorts.lowerBound + Int(generator.next() % count)
                result["nodePort"] = .integer(number)
                if used.insert(":\(number)").inserted { break }
            }
            return result
        }
        service.set(["spec", "ports"], to: .array(ports))
    }

    /// What is wrong with a change of the address.
    static func problems(_ new: Document, _ old: Document) -> [APIStatus.Cause] {
        let former = old.at("spec", "clusterIP")?.stringValue ?? ""
        let address = new.at("spec", "clusterIP")?.stringValue ?? ""
        let type = new.at("spec", "type")?.stringValue
        guard type != "ExternalName", !former.isEmpty, address != former else { return [] }
        return [
            .invalid("spec.clusterIPs[0]", [.string(address)], "may not change once set")
        ]
    }
}
