import API
import Domain

/// One step of the way, for people.
package struct AdoptionStep: Hashable, Sendable {
    /// How it stands.
    package enum State: String, Hashable, Sendable {
        case done
        case next
        case later
    }

    package let text: String
    package let state: State
}

extension Adoption {
    /// The whole way to a goal, and how far it has been gone.
    package func steps(_ goal: Goal) -> [AdoptionStep] {
        let steps: [(text: String, isDone: Bool)] =
            switch goal {
            case .takeOver: waysIn
            case .back: waysBack
            }
        let first = steps.firstIndex { !$0.isDone }
        return steps.enumerated().map { index, step in
            AdoptionStep(
                text: step.text, state: step.isDone ? .done : index == first ? .next : .later)
        }
    }

    private var waysIn: [(text: String, isDone: Bool)] {
        var steps: [(text: String, isDone: Bool)] = []
        let name = request.release.name
        if old.original != nil || old.route?.meta.annotation(Names.copyOf) == name {
            steps.append(
                (
                    "copy HTTPRoute \(name) as \(name)-adopted, then remove it: Slipway's route "
                        + "needs the name, and the copy sends to the same pods",
                    old.original == nil
                ))
        }
        steps.append(("write ModelRelease \(request.release)", sight.release != nil))
        let count = sight.release?.spec.serving.replicas ?? carried?.release?.spec.serving.replicas
        let pods = count.map { $0 == 1 ? "1 pod" : "\($0) pods" } ?? "pods"
        let isReady = isDetached || sight.release.map { obstacle($0) == nil } ?? false
        guard let route = old.route else {
            return steps + [("wait until Slipway has made \(pods) and its HTTPRoute", isReady)]
        }
        let title = old.original == nil ? route.title : "HTTPRoute \(name)-adopted"
        let gateways = CarriedTraffic.parents(of: route).compactMap { $0["name"]?.stringValue }
        return steps + [
            (
                "wait until Slipway has made \(pods) and HTTPRoute \(name); \(title) is "
                    + "older and keeps every request",
                isReady
            ),
            (
                "detach \(title) from Gateway \(listed(gateways)): from then on Slipway's pods "
                    + "get every request",
                isDetached
            ),
        ]
    }

    private var waysBack: [(text: String, isDone: Bool)] {
        guard let route = old.route else { return [] }
        return [
            (
                "attach \(route.title) again: it is older and gets every request at once",
                !isDetached
            )
        ]
    }
}
