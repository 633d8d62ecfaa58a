import Domain
import Engine
import Signals

/// Sends the requests of a probe order.
struct PodProber: Sendable {
    let probe: InferenceProbe

    /// Asks one after the other; a request that stays without an answer ends it, since the pod
    /// would make the others wait as long.
    func ask(_ order: ProbeOrder) async -> ProbeOutcome {
        guard let target = ProbeTarget(address: order.host, port: order.port) else {
            return .answers([
                .unanswered("\(order.host.prefix(64)):\(order.port) is no address of a pod")
            ])
        }
        var answers: [ProbeOutcome.Answer] = []
        for request in order.requests {
            let answer = translate(await ask(target, request), request)
            answers.append(answer)
            if case .unanswered = answer { break }
        }
        return .answers(answers)
    }

    private func ask(
        _ target: ProbeTarget, _ request: ProbeOrder.Request
    ) async -> Signals.ProbeAnswer {
        if let body = request.body {
            await probe.post(target, path: request.path, body, deadline: request.timeout)
        } else {
            await probe.get(target, path: request.path, deadline: request.timeout)
        }
    }

    private func translate(
        _ answer: Signals.ProbeAnswer, _ request: ProbeOrder.Request
    ) -> ProbeOutcome.Answer {
        switch answer {
        case .answered(let status, let body, _): .answered(status: status, body: body)
        case .unreachable(let reason): .unanswered(reason)
        case .timedOut: .unanswered("no answer within \(request.timeout)")
        case .oversized:
            .unanswered("the answer has more than \(ProbeTarget.largestAnswer >> 10) KiB")
        }
    }
}
