import Domain
import Resources
import Rollouts
import Testing

@testable import Engine

/// What the engine keeps of ConfigMaps and Secrets between looks.
struct ConfigurationLooksTests {
    private let key = ResourceKey(.secret, namespace: "risk", name: "keys")
    private let now = Timestamp(milliseconds: 1_000_000)

    private func found(_ version: String) -> ReadOutcome {
        .found([
            "metadata": [
                "name": "keys", "namespace": "risk", "uid": "u",
                "resourceVersion": .string(version),
            ]
        ])
    }

    @Test func anAnswerIsKeptUntilTheNextLook() {
        var looks = ConfigurationLooks()
        looks.underWay = [key]
        looks.note(key, found("5"), now: now)
        #expect(looks.underWay == [])
        #expect(looks.looks[key]?.state == .present(uid: "u", resourceVersion: "5"))
        #expect(looks.looks[key]?.due == now + .minutes(2))
        looks.note(key, .notFound, now: now)
        #expect(looks.looks[key]?.state == .absent)
    }

    @Test func noAnswerChangesNothing() {
        var looks = ConfigurationLooks()
        looks.note(key, .failed(.init(.unreachable, "connection refused")), now: now)
        #expect(looks.looks[key]?.state == .unknown)
        looks.note(key, found("5"), now: now)
        for kind in [WriteRefusal.Kind.unreachable, .tooManyRequests] {
            looks.note(key, .failed(.init(kind, "")), now: now)
            #expect(looks.looks[key]?.state == .present(uid: "u", resourceVersion: "5"))
            #expect(looks.looks[key]?.due == now + .minutes(2))
        }
    }

    @Test func withoutTheRightItIsAskedSeldom() {
        var looks = ConfigurationLooks()
        looks.note(key, .failed(.init(.forbidden, "secrets is forbidden")), now: now)
        #expect(
            looks.looks[key]?.state
                == .unreadable("the controller has no right to get secrets in namespace risk"))
        #expect(looks.looks[key]?.due == now + .minutes(10))
    }

    @Test func ofVeryManyEachIsLookedAtLessOften() {
        var looks = ConfigurationLooks()
        for number in 0..<10_000 {
            let key = ResourceKey(.configMap, namespace: "risk", name: "c\(number)")
            looks.note(key, .notFound, now: now)
        }
        looks.note(key, found("5"), now: now)
        #expect(looks.looks[key]?.due == now + .seconds(200))
    }
}
