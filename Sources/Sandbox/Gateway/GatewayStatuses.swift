import ControlPlane
import Domain

/// Writes what is to be said of GatewayClasses, Gateways and routes.
struct GatewayStatuses {
    let plan: GatewayPlan
    /// Sockets whose routes are in force as they shall be.
    var current: Set<String>
    /// Sockets that Envoy listens on.
    var listening: Set<String>
    /// Which Envoy that is.
    let launch: Int
    /// What keeps Envoy from its work.
    let trouble: String?

    /// Whether others of the same plan say the same.
    func says(_ other: GatewayStatuses) -> Bool {
        current == other.current && listening == other.listening && trouble == other.trouble
    }

    /// Puts everything into the store that is not there yet. A route is told that it is accepted
    /// only after Envoy has it; until then it keeps what it was told before.
    func write(_ store: inout Store, _ routes: [Document], _ now: Timestamp) {
        for object in plan.classes {
            put(.gatewayClass, object, classStatus(object, now), &store, now)
        }
        for state in plan.gateways {
            put(.gateway, state.object, gatewayStatus(state, now), &store, now)
        }
        let states = Dictionary(grouping: plan.routes) { $0.route.namespacedName }
        for route in routes {
            let status = routeStatus(route, states[route.namespacedName] ?? [], now)
            if let status { put(.httpRoute, route, status, &store, now) }
        }
    }

    private func put(
        _ kind: ResourceKind, _ seen: Document, _ status: Document, _ store: inout Store,
        _ now: Timestamp
    ) {
        guard seen["status"] != status else { return }
        let key = ResourceKey(kind, namespace: seen.objectNamespace, name: seen.objectName)
        let context = WriteContext(now: now, manager: "slipway-gateway", part: .status)
        // What changed since is looked at again in the next round.
        _ = try? store.update(key, context) { object in
            guard object.objectUID == seen.objectUID else { return object }
            var new = object
            new["status"] = status
            return new
        }
    }

    // MARK: Contents

    private func classStatus(_ object: Document, _ now: Timestamp) -> Document {
        var status = object["status"] ?? [:]
        status["conditions"] = conditions([.yes("Accepted")], object, status["conditions"], now)
        return status
    }

    private func gatewayStatus(_ state: GatewayPlan.GatewayState, _ now: Timestamp) -> Document {
        let old = state.object["status"] ?? [:]
        let usable = state.listeners.filter { $0.problem == nil }
        let problems = state.listeners.compactMap { listener in
            listener.problem.map { "listener \(listener.name): \($0)" }
        }
        let words = problems.joined(separator: "; ")
        var findings: [Finding] = []
        if usable.isEmpty {
            findings.append(.no("Accepted", "ListenersNotValid", words))
            findings.append(.no("Programmed", "Invalid", words))
        } else {
            findings.append(
                .yes("Accepted", problems.isEmpty ? "Accepted" : "ListenersNotValid", words))
            findings.append(programmed(usable.map(\.socket)))
        }
        var status: Document = [:]
        status["addresses"] = .array(
            Set(usable.map(\.address)).sorted().map {
                ["type": "IPAddress", "value": .string($0)]
            })
        status["conditions"] = conditions(findings, state.object, old["conditions"], now)
        status["listeners"] = .array(
            zip(state.listeners, state.attached).map { listener, attached in
                let before = old.list("listeners").first { $0.text("name") == listener.name }
                let own =
                    listener.findings
                    + [
                        listener.problem.map { .no("Programmed", "Invalid", $0) }
                            ?? programmed([listener.socket])
                    ]
                return [
                    "name": .string(listener.name), "attachedRoutes": .integer(attached),
                    "supportedKinds": [
                        ["group": .string(ResourceKind.httpRoute.group), "kind": "HTTPRoute"]
                    ],
                    "conditions": conditions(own, state.object, before?["conditions"], now),
                ]
            })
        return status
    }

    private func programmed(_ sockets: [String]) -> Finding {
        guard sockets.allSatisfy(listening.contains) else {
            return .no("Programmed", "Pending", trouble ?? "waiting for Envoy")
        }
        return .yes("Programmed", nil, "Envoy listens on " + sockets.joined(separator: ", "))
    }

    /// `nil` if nothing is to be said.
    private func routeStatus(
        _ route: Document, _ states: [GatewayPlan.RouteState], _ now: Timestamp
    ) -> Document? {
        let old = (route["status"] ?? [:]).list("parents")
        let own = old.filter { $0.text("controllerName") == GatewayPlan.controller }
        guard !states.isEmpty || !own.isEmpty else { return nil }
        var parents = old.filter { $0.text("controllerName") != GatewayPlan.controller }
        for state in states {
            let before = own.first { $0["parentRef"] == state.parent }
            guard state.sockets.isSubset(of: current) else {
                if let before { parents.append(before) }
                continue
            }
            parents.append([
                "controllerName": .string(GatewayPlan.controller), "parentRef": state.parent,
                "conditions": conditions(state.findings, state.route, before?["conditions"], now),
            ])
        }
        var status = route["status"] ?? [:]
        status["parents"] = .array(parents)
        return parents == old ? nil : status
    }

    private func conditions(
        _ findings: [Finding], _ object: Document, _ old: Document?, _ now: Timestamp
    ) -> Document {
        let before = (old?.arrayValue ?? []).compactMap(Condition.init)
        return .array(
            findings.map { finding in
                let same = before.first { $0.type == finding.type && $0.status == finding.status }
                return Condition(
                    type: finding.type, status: finding.status, reason: finding.reason,
                    message: finding.message, observedGeneration: object.objectGeneration,
                    lastTransition: same?.lastTransition ?? now
                ).document
            })
    }
}
