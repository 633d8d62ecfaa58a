import API
import ControlPlane
import Domain
import Resources
import Testing

/// The fence of a route, in every interleaving within a bound.
///
/// Two leaders, of which the first does not know of the second. Each reads the route, seals it and
/// writes splits of its own, three writes in all; up to three are under way and arrive in any
/// order, once, twice or never; the gateway writes the route's status in between. Whoever is not
/// scheduled is paused. The terms have different numbers, or one number and two processes.
///
/// 141,798 states for different numbers, 19,975 for one number.
@Suite struct FencingTests {
    /// A leader: the number of the route that it saw last, and has not written on yet.
    private struct Leader: Hashable {
        var view: Int?
        var writesLeft = 3
        var isOver = false
    }

    /// Routes and writes are numbers here: the search is about them, not their content.
    private struct State: Hashable {
        var route: Int
        var leaders = [Leader(), Leader()]
        /// Ascending: their order on the way does not matter.
        var messages: [Int] = []
        var hasStatus = false
    }

    private struct Message: Hashable {
        let from: Int
        let operations: [PatchOperation]
    }

    private struct Arrival: Hashable {
        let message: Int
        let route: Int
    }

    /// Everything that was found, each content once.
    private struct Search {
        let terms: [Term]
        let isFenced: Bool
        var routes: [Document] = []
        var routeNumbers: [Document: Int] = [:]
        var messages: [Message] = []
        var messageNumbers: [Message: Int] = [:]
        var arrivals: [Arrival: Int] = [:]
        var accepted = 0
        var writers: Set<Int> = []
        var violations: Set<String> = []

        static let router = GatewayRouter(
            release: .init(name: "fraud", namespace: "risk", uid: "r1"),
            traffic: .init(parentRefs: [.init(name: "web")], hostnames: [], path: "/"))

        static func split(_ share: Int) throws -> Weights {
            let a = try #require(Digest(String(repeating: "a", count: 64)))
            let b = try #require(Digest(String(repeating: "b", count: 64)))
            return try #require(
                Weights([.init(digest: a, weight: 100 - share), .init(digest: b, weight: share)]))
        }

        mutating func number(of route: Document) -> Int {
            if let number = routeNumbers[route] { return number }
            routes.append(route)
            routeNumbers[route] = routes.count - 1
            return routes.count - 1
        }

        mutating func number(of message: Message) -> Int {
            if let number = messageNumbers[message] { return number }
            messages.append(message)
            messageNumbers[message] = messages.count - 1
            return messages.count - 1
        }

        /// The route after a write arrived.
        mutating func arrive(_ message: Int, _ route: Int) -> Int {
            let arrival = Arrival(message: message, route: route)
            if let known = arrivals[arrival] { return known }
            let patch = Document.array(messages[message].operations.map(\.document))
            var result = route
            if case .success(let changed) = JSONPatch.apply(patch, to: routes[route]) {
                result = number(of: changed)
                if result != route { check(routes[route], changed, by: messages[message].from) }
            }
            arrivals[arrival] = result
            return result
        }

        private mutating func check(_ before: Document, _ after: Document, by index: Int) {
            accepted += 1
            writers.insert(index)
            func term(_ route: Document) -> Term {
                Term { route.at("metadata", "annotations", $0)?.stringValue }
                    ?? Term(epoch: 0, holder: "")
            }
            let (old, new, writer) = (term(before), term(after), terms[index])
            if new != writer { violations.insert("\(writer) wrote \(new)") }
            if old.epoch >= writer.epoch, old.holder != writer.holder {
                violations.insert("\(writer) wrote what \(old) had sealed")
            }
        }

        /// Everything that can happen next.
        mutating func steps(_ state: State) throws -> [State] {
            var next: [State] = []
            for index in state.leaders.indices where !state.leaders[index].isOver {
                next.append(try look(state, index))
                if let view = state.leaders[index].view, state.messages.count < 3,
                    state.leaders[index].writesLeft > 0
                {
                    next.append(try write(state, index, view))
                }
            }
            for place in state.messages.indices {
                var gone = state
                gone.messages.remove(at: place)
                next.append(gone)
                let route = arrive(state.messages[place], state.route)
                guard route != state.route else { continue }
                gone.route = route
                next.append(gone)
                var stays = state
                stays.route = route
                next.append(stays)
            }
            if !state.hasStatus {
                var changed = state
                changed.hasStatus = true
                var route = routes[state.route]
                route["status"] = ["parents": []]
                changed.route = number(of: route)
                next.append(changed)
            }
            return next
        }

        private func look(_ state: State, _ index: Int) throws -> State {
            var next = state
            let view = try #require(HTTPRouteView(routes[state.route]))
            let isOver = view.owned.term.map(terms[index].isOver(bySeeing:)) ?? false
            next.leaders[index].view = isOver ? nil : state.route
            next.leaders[index].isOver = isOver
            return next
        }

        /// A seal first, then splits.
        private mutating func write(_ state: State, _ index: Int, _ number: Int) throws -> State {
            var next = state
            let view = try #require(HTTPRouteView(routes[number]))
            let left = state.leaders[index].writesLeft
            var operations = Self.router.seal(view, terms[index])
            if view.owned.term == terms[index] {
                let split = try Self.split((index + 1) * 10 + left)
                operations = Self.router.patch(
                    view, .init(split: split, refused: nil, term: terms[index]))
            }
            let message = Message(
                from: index, operations: operations.filter { isFenced || $0.kind != .test })
            next.messages.append(self.number(of: message))
            next.messages.sort()
            next.leaders[index].writesLeft -= 1
            // Whether it arrives is not known: nothing is written before the next look.
            next.leaders[index].view = nil
            return next
        }
    }

    /// Searches everything; returns the number of states too.
    private func search(second: Int64, isFenced: Bool = true) throws -> (Search, states: Int) {
        var search = Search(
            terms: [Term(epoch: 1, holder: "old"), Term(epoch: second, holder: "new")],
            isFenced: isFenced)
        var route = Search.router.object(
            .init(split: try Search.split(0), refused: nil, term: search.terms[0]))
        // Of one number, neither has sealed anything yet.
        if second == 1 { route.set(["metadata", "annotations", Names.epoch], to: "0") }
        route.set(["metadata", "uid"], to: "u1")
        let first = State(route: search.number(of: route))
        var known: Set<State> = [first]
        var open = [first]
        while search.violations.isEmpty, let state = open.popLast() {
            for next in try search.steps(state) where known.insert(next).inserted {
                open.append(next)
            }
        }
        return (search, known.count)
    }

    @Test(arguments: [(2, 141_798), (1, 19_975)] as [(Int64, Int)])
    func noWriteOfAnEarlierTermIsAcceptedAfterASealOfALaterOne(
        _ second: Int64, _ states: Int
    ) throws {
        let found = try search(second: second)
        #expect(found.0.violations == [])
        #expect(found.0.writers == [0, 1], "both get through in some order")
        #expect(found.states == states, "\(found.0.accepted) writes were accepted")
    }

    @Test func withoutItsTestsALateWriteOfAnEarlierTermGetsThrough() throws {
        let found = try search(second: 2, isFenced: false)
        #expect(found.0.violations.contains("1 of old wrote what 2 of new had sealed"))
    }
}
