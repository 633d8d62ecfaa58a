import Testing

/// `simulate` as people and scripts call it.
@Suite(.timeLimit(.minutes(5))) struct SimulateTests {
    @Test func aCalmStoryEndsWithZeroAndSaysHowToTellRunsApart() async throws {
        let story = "storm 40s\ncalm 1m\nat 1s commit 0 strategy 1 1:100\n"
        try await Program.inFolder(with: ["story.txt": story]) { program in
            let run = try await program.run("--schedule", "story.txt", tool: "simulate")
            #expect(run.code == 0)
            #expect(run.output.contains("1 runs, 0 broken"))
            #expect(run.output.contains("trace hash"))
            #expect(run.error.isEmpty)
        }
    }

    /// A first version that never becomes ready does not settle: the calm is over before its
    /// deadline.
    @Test func aBrokenCheckEndsWithOneAndPrintsTheSchedule() async throws {
        let story = """
            version 1 never-ready startup 2s
            storm 5s
            calm 5s
            at 1s commit 0 strategy 1 1:100

            """
        try await Program.inFolder(with: ["story.txt": story]) { program in
            let run = try await program.run("--schedule", "story.txt", tool: "simulate")
            #expect(run.code == 1)
            #expect(run.output.contains("broken: simulate --schedule story.txt"))
            #expect(run.output.contains("settled:"))
            #expect(run.output.contains("commit 0 strategy 1 1:100"))
        }
    }

    /// Results are told in the order of the runs, whoever is done first.
    @Test func runsAtTheSameTimeTellTheSame() async throws {
        let long = "storm 40s\ncalm 1m\nat 1s commit 0 strategy 1 1:100\n"
        let broken = "version 1 never-ready startup 2s\nstorm 5s\ncalm 5s\n"
        let files = ["a.txt": long, "b.txt": broken + "at 1s commit 0 strategy 1 1:100\n"]
        try await Program.inFolder(with: files) { program in
            var told: [[Substring]] = []
            for jobs in ["1", "2"] {
                let run = try await program.run(
                    "--schedule", "a.txt", "b.txt", "a.txt", "--jobs", jobs, tool: "simulate")
                #expect(run.code == 1)
                let lines = run.output.split(separator: "\n")
                // How long it took is another thing each time.
                told.append(lines.filter { !$0.contains(" a second") && !$0.contains(" runs, ") })
            }
            #expect(told[0] == told[1])
            #expect(told[0].contains { $0.hasPrefix("broken: simulate --schedule b.txt") })
        }
    }

    @Test func aLineThatIsNoScheduleIsNamed() async throws {
        try await Program.inFolder(with: ["story.txt": "seed 1\nat 5s fly 3\n"]) { program in
            let run = try await program.run("--schedule", "story.txt", tool: "simulate")
            #expect(run.code == 2)
            #expect(run.error == "story.txt:2: cannot read \"at 5s fly 3\"\n")
        }
    }

    @Test(arguments: [["--mode", "nope"], ["--runs", "0"], ["--schedule", "missing.txt"]])
    func wrongUsageEndsWithTwo(_ arguments: [String]) async throws {
        try await Program.inFolder { program in
            let run = try await program.start(arguments, tool: "simulate").end()
            #expect(run.code == 2)
            #expect(!run.error.isEmpty)
        }
    }
}
