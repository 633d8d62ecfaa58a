/// How often the controller's calls go wrong, each in percent of all calls.
package struct CallFaults: Hashable, Sendable {
    /// The server has no time: not executed, try later.
    package var refused = 0
    /// The call never arrives and nobody says so.
    package var lost = 0
    /// It is carried out and the answer is lost.
    package var unanswered = 0
    /// It is given up, and carried out up to ten seconds later.
    package var late = 0
    /// The server says that it may not be done.
    package var forbidden = 0
    /// Somebody else was faster.
    package var conflict = 0
    /// It is carried out twice, as a client does that sends again on a broken connection.
    package var twice = 0
    /// A read fails; a push fails; a push is done and its answer is lost.
    package var otherwise = 0

    package init() {}

    /// Something of everything.
    package static var some: CallFaults {
        var faults = CallFaults()
        faults.refused = 5
        faults.lost = 5
        faults.unanswered = 5
        faults.late = 5
        faults.twice = 5
        faults.otherwise = 10
        return faults
    }

    /// What becomes of one write.
    package enum WriteFate: String, Hashable, Sendable, CaseIterable {
        case done, refused, lost, unanswered, late, twice, forbidden, conflict
    }

    /// Draws what becomes of a write.
    func write(_ chance: inout some RandomNumberGenerator) -> WriteFate {
        guard self != CallFaults() else { return .done }
        var roll = Int(chance.next() % 100)
        let fates: [(Int, WriteFate)] = [
            (refused, .refused), (lost, .lost), (unanswered, .unanswered), (late, .late),
            (twice, .twice), (forbidden, .forbidden), (conflict, .conflict),
        ]
        for (share, fate) in fates {
            if roll < share { return fate }
            roll -= share
        }
        return .done
    }

    /// Draws whether another call goes wrong.
    func other(_ chance: inout some RandomNumberGenerator) -> Bool {
        guard otherwise > 0 else { return false }
        return Int(chance.next() % 100) < otherwise
    }
}
