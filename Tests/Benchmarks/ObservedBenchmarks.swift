import Domain
import Observed
import Resources

/// What is kept of objects in the cluster.
enum ObservedBenchmarks {
    static let all = [
        Measurement(name: "observed-memory", summary: "what 10,000 releases' objects hold, by kind")
        {
            do { try memory(releases: 10_000) } catch { print("\(error)") }
        }
    ]

    private static func memory(releases count: Int) throws {
        let cluster = try SampleCluster(.healthy)
        var view = ClusterView()
        var total = 0
        for (kind, _) in ClusterView.kinds {
            let before = Figures.resident
            var objects = 0
            for number in 0..<count {
                for object in try cluster.objects(kind, of: number) {
                    objects += view.apply(kind, .changed(object)).count
                }
            }
            guard objects > 0 else { continue }
            let held = Figures.resident - before
            total += held
            print("\(objects) \(kind): \(held / objects) bytes each, \(held >> 20) MiB")
        }
        print("together \(total >> 20) MiB; peak \(Figures.peak)")
        keep(view)
    }
}
