package import Domain
package import Resources

/// Decides who leads, as ``Engine`` decides everything: a value that turns what happened into what
/// is to be done. It reads no clock and does no I/O.
///
/// All its times are of one clock that never goes back and counts while the process or the machine
/// is stopped; the clocks of others, and the times that stand in the Lease, do not matter.
///
/// - A candidate takes the Lease when its record has stayed the same for the whole lease by the
///   candidate's own clock, when it is released, or when there is none.
/// - The holder may act until ``Settings/leaseDuration`` less ``Settings/margin`` and
///   ``Settings/request`` after it *sent* the last renewal that was applied: an answer that comes
///   late extends nothing.
/// - A term's number is higher than every number seen in the Lease and on Slipway's objects, and is
///   in the Lease before the term begins. So it grows also when the Lease was deleted.
/// - Only a record that this process itself has written counts as its own, whatever name the
///   record bears.
///
/// None of that keeps a request that was sent in time from landing late. For that every write of
/// the engine is conditional, and bears the term.
package struct Election: Sendable {
    /// What belongs to the installation and to this process.
    package struct Settings: Hashable, Sendable {
        /// The Lease's namespace and name.
        package var lease: NamespacedName
        /// Names this process and no other that ever was: the pod's name and a UUID drawn at the
        /// start, for a container that restarts keeps its pod's name.
        package var identity: String
        /// The short name of the process that is written into objects, see ``Term/holder``.
        package var holder: String
        /// How long candidates leave an unchanged record alone.
        package var leaseDuration = TimeSpan.seconds(15)
        /// The holder gives up so long after it sent the last renewal that was applied.
        package var renewDeadline = TimeSpan.seconds(10)
        /// Between two looks or renewals.
        package var retry = TimeSpan.seconds(2)
        /// For clocks of different rates.
        package var margin = TimeSpan.seconds(1)
        /// How long a request of the engine may take to be carried out: servers are told so.
        package var request = TimeSpan.seconds(5)

        package init(lease: NamespacedName, identity: String, holder: String) {
            self.lease = lease
            self.identity = identity
            self.holder = holder
        }

        /// A lease of another length, with the other times in proportion.
        ///
        /// - Parameter duration: at least 3 s, so that a request fits in.
        package mutating func scale(to duration: TimeSpan) {
            let lease = max(duration.milliseconds, 3000)
            leaseDuration = .milliseconds(lease)
            renewDeadline = .milliseconds(lease * 2 / 3)
            retry = .milliseconds(lease * 2 / 15)
            margin = .milliseconds(lease / 15)
            request = .milliseconds(lease / 3)
        }
    }

    /// The number of a call, so that the answer to one that was given up counts for nothing.
    package typealias Call = UInt64

    /// What happened.
    package enum Event: Sendable {
        case tick
        case read(Call, ReadOutcome)
        case written(Call, WriteOutcome)
        /// The highest number that Slipway's objects bear. Until it is known nobody leads.
        case seen(epoch: Int64)
        /// An object bears a later term, or another process's: why this one is over.
        case overruled(String)
        /// The process ends in good order; nothing of its effects is under way any more.
        case resign
    }

    /// What is to be done.
    package enum Output: Hashable, Sendable {
        /// A quorum GET of the Lease.
        case read(Call)
        case write(Call, WriteRequest)
        /// This process leads and may act until then. Comes again with every renewal.
        case lead(Term, until: Timestamp)
        /// Another process leads; told once for each.
        case follow(holder: String)
        /// This process led and does not any more; nothing comes after it.
        case stop(String)
    }

    private enum Phase: Sendable {
        case candidate
        case leader(Term)
        case over
    }

    /// What is known to be stored.
    private enum Sight: Sendable {
        /// It has to be read.
        case none
        case absent
        case found(LeaseRecord)
    }

    private enum Purpose: Sendable {
        case read
        case take(Term)
        case renew
    }

    private struct UnderWay: Sendable {
        let call: Call
        let purpose: Purpose
        /// The spec that is written; `nil` for a read.
        let spec: Document?
        /// The version that the write names; `nil` where it makes the Lease.
        let over: String?
        let sent: Timestamp
    }

    /// A holder's record, since when it was seen to be so, and how long it is left alone.
    private struct Held: Sendable {
        let uid: String
        let spec: Document
        let until: Timestamp
    }

    package let settings: Settings
    private var phase = Phase.candidate
    private var sight = Sight.none
    /// The record that was found last.
    private var record: LeaseRecord?
    private var held: Held?
    private var underWay: UnderWay?
    /// Writes whose outcome is not known, that may be what is stored now.
    private var doubtful: [UnderWay] = []
    /// When the last write that was applied was sent, and what it wrote.
    private var confirmed = Timestamp(milliseconds: 0)
    private var ownSpec: Document?
    private var next = Timestamp(milliseconds: 0)
    private var seen: Int64?
    private var isResigning = false
    private var lastCall: Call = 0
    private var followed = ""
    private var outputs: [Output] = []

    package init(settings: Settings) { self.settings = settings }

    /// The term, while this process leads.
    package var term: Term? {
        if case .leader(let term) = phase { term } else { nil }
    }

    /// When ``Event/tick`` is wanted, if nothing happens before; `nil` when it is over.
    package var nextTick: Timestamp? {
        let due = underWay.map { $0.sent + answerLimit } ?? next
        switch phase {
        case .over: return nil
        case .candidate: return due
        case .leader: return min(due, confirmed + settings.renewDeadline)
        }
    }

    /// Who does not answer for so long is asked again.
    private var answerLimit: TimeSpan { settings.request }

    var key: ResourceKey {
        ResourceKey(.lease, namespace: settings.lease.namespace, name: settings.lease.name)
    }

    /// Takes in one event; returns what is to be done, in this order.
    ///
    /// - Parameter now: by the clock that never goes back.
    package mutating func step(
        _ event: Event, now: Timestamp, jitter: inout SplitMix64
    ) -> [Output] {
        outputs = []
        if case .over = phase { return [] }
        absorb(event, now: now)
        if let late = underWay, now >= late.sent + answerLimit {
            underWay = nil
            isUnknown(late, now: now)
        }
        if term != nil, now >= confirmed + settings.renewDeadline {
            stop("the lease was not renewed for \(now - confirmed)")
        }
        act(now: now, jitter: &jitter)
        return outputs
    }

    // MARK: Taking in

    private mutating func absorb(_ event: Event, now: Timestamp) {
        switch event {
        case .tick: break
        case .read(let call, let outcome):
            if end(call) != nil { wasRead(outcome, now: now) }
        case .written(let call, let outcome):
            if let ended = end(call) { wasWritten(ended, outcome, now: now) }
        case .seen(let epoch):
            // Whoever waited only for this goes on at once.
            if seen == nil, term == nil, underWay == nil { next = now }
            seen = max(seen ?? 0, epoch)
            if let term, epoch > term.epoch {
                stop("an object bears epoch \(epoch), which is after \(term.epoch)")
            }
        case .overruled(let why): if term != nil { stop(why) }
        case .resign:
            isResigning = true
            if term == nil { phase = .over }
        }
    }

    private mutating func end(_ call: Call) -> UnderWay? {
        guard let ended = underWay, ended.call == call else { return nil }
        underWay = nil
        return ended
    }

    private mutating func wasWritten(
        _ ended: UnderWay, _ outcome: WriteOutcome, now: Timestamp
    ) {
        switch outcome {
        case .applied(let object):
            if let stored = LeaseRecord(object) {
                isApplied(ended, stored, now: now)
            } else {
                isUnknown(ended, now: now)
            }
        case .unknown: isUnknown(ended, now: now)
        case .notApplied(let refusal):
            switch refusal.kind {
            case .conflict, .alreadyExists, .notFound:
                // Somebody else was faster, or the Lease is gone.
                sight = .none
                next = now
            case .fieldConflict, .invalid, .forbidden, .tooManyRequests, .unreachable:
                wait(refusal, now: now)
            }
        }
    }

    /// A call that may have been carried out and may be still.
    private mutating func isUnknown(_ ended: UnderWay, now: Timestamp) {
        guard ended.spec != nil else {
            wait(nil, now: now)
            return
        }
        doubtful = doubtful.suffix(7) + [ended]
        sight = .none
        next = now
    }

    /// A write of this process is what is stored.
    private mutating func isApplied(_ write: UnderWay, _ stored: LeaseRecord, now: Timestamp) {
        doubtful = []
        held = nil
        sight = .found(stored)
        record = stored
        ownSpec = stored.spec
        confirmed = write.sent
        next = max(now, write.sent + settings.retry)
        if case .take(let term) = write.purpose {
            guard now < write.sent + settings.renewDeadline else {
                // Too old to begin with. It stands for a holder that nobody is.
                forget(now: now)
                return
            }
            phase = .leader(term)
        }
        if let term, !isResigning { outputs.append(.lead(term, until: authority)) }
    }

    private mutating func forget(now: Timestamp) {
        sight = .none
        ownSpec = nil
        next = now + settings.retry
    }

    /// Until when the holder may act.
    private var authority: Timestamp {
        confirmed + settings.leaseDuration - settings.margin - settings.request
    }

    private mutating func wasRead(_ outcome: ReadOutcome, now: Timestamp) {
        switch outcome {
        case .failed(let refusal):
            wait(refusal, now: now)
            // Whoever cannot read may be able to write: what is known tests itself.
            if term != nil, let record { sight = .found(record) }
        case .notFound:
            doubtful.removeAll { $0.over != nil }
            sight = .absent
            next = now
        case .found(let object):
            guard let found = LeaseRecord(object) else {
                wait(nil, now: now)
                return
            }
            isStored(found, now: now)
        }
    }

    /// Takes note of the record that is stored.
    private mutating func isStored(_ found: LeaseRecord, now: Timestamp) {
        let isSame = record?.uid == found.uid
        if let own = doubtful.first(where: { $0.spec == found.spec }) {
            isApplied(own, found, now: now)
            return
        }
        // What names another version will not be carried out any more.
        doubtful.removeAll { $0.over != found.resourceVersion }
        sight = .found(found)
        record = found
        next = now
        if let term {
            if isSame, found.spec == ownSpec, found.epoch <= term.epoch {
                // Somebody wrote something beside it.
                next = now + .milliseconds(settings.retry.milliseconds / 4)
            } else {
                let holder = found.holder.isEmpty ? "nobody" : found.holder
                stop("the lease is not what this process wrote; it names \(holder)")
            }
            return
        }
        guard !found.holder.isEmpty else {
            held = nil
            return
        }
        if found.holder != followed {
            followed = found.holder
            outputs.append(.follow(holder: found.holder))
        }
        if held?.uid != found.uid || held?.spec != found.spec {
            let longest = max(settings.leaseDuration, .minutes(1))
            let patience = max(settings.leaseDuration, min(found.duration, longest))
            held = Held(uid: found.uid, spec: found.spec, until: now + patience)
        }
    }

    /// Tries again later; a holder still in time for its renewal.
    private mutating func wait(_ refusal: WriteRefusal?, now: Timestamp) {
        next = now + settings.retry
        guard let asked = refusal?.retryAfter else { return }
        let latest =
            term == nil
            ? now + .minutes(1) : confirmed + settings.renewDeadline - settings.retry
        next = max(next, min(now + asked, latest))
    }

    private mutating func stop(_ why: String) {
        phase = .over
        outputs.append(.stop(why))
    }

    // MARK: Acting

    private mutating func act(now: Timestamp, jitter: inout SplitMix64) {
        guard underWay == nil else { return }
        switch phase {
        case .over: break
        case .leader(let term):
            if isResigning { return release(term, now: now) }
            guard now >= next else { return }
            switch sight {
            case .none: read(now: now)
            case .absent, .found: renew(term, now: now)
            }
        case .candidate:
            guard now >= next else { return }
            if case .none = sight { return read(now: now) }
            if let seen, mayTake(now) { return take(above: seen, now: now) }
            sight = .none
            let extra = UInt64(settings.retry.milliseconds / 5 + 1)
            next = now + settings.retry + .milliseconds(Int64(jitter.next() % extra))
        }
    }

    /// Whether nobody counts on the Lease any more. Where it was deleted its last holder still may.
    private func mayTake(_ now: Timestamp) -> Bool { held.map { now >= $0.until } ?? true }

    private mutating func read(now: Timestamp) {
        lastCall += 1
        underWay = UnderWay(call: lastCall, purpose: .read, spec: nil, over: nil, sent: now)
        outputs.append(.read(lastCall))
    }

    /// Writes over the record that was seen, or makes the Lease.
    private mutating func write(
        _ purpose: Purpose, _ spec: Document, _ term: Term, now: Timestamp
    ) {
        lastCall += 1
        var stored: LeaseRecord?
        if case .found(let found) = sight { stored = found }
        underWay = UnderWay(
            call: lastCall, purpose: purpose, spec: spec, over: stored?.resourceVersion, sent: now)
        outputs.append(
            .write(
                lastCall,
                stored?.change(key, spec: spec, epoch: term.epoch)
                    ?? LeaseRecord.object(key, spec: spec, epoch: term.epoch)))
    }

    private mutating func take(above seen: Int64, now: Timestamp) {
        let epoch = min(max(seen, record?.epoch ?? 0) + 1, Term.largest)
        let term = Term(epoch: epoch, holder: settings.holder)
        var spec = LeaseRecord.first(settings, now: now)
        if case .found(let found) = sight { spec = found.taking(settings, now: now) }
        write(.take(term), spec, term, now: now)
    }

    private mutating func renew(_ term: Term, now: Timestamp) {
        guard let ownSpec else { return }
        write(.renew, LeaseRecord.renewing(ownSpec, now: now), term, now: now)
    }

    private mutating func release(_ term: Term, now: Timestamp) {
        phase = .over
        guard case .found = sight, let ownSpec else { return }
        write(.renew, LeaseRecord.releasing(ownSpec, now: now), term, now: now)
    }
}
