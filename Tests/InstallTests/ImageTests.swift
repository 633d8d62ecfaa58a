import Domain
import Foundation
import Testing

/// The recipe of the image beside the program and the manifest that starts it.
@Suite(.timeLimit(.minutes(5))) struct ImageTests {
    /// Lines of the last stage, those that go on joined.
    private func lastStage() throws -> [String] {
        let file = Chart.root.appendingPathComponent("Containerfile")
        let text = try String(contentsOf: file, encoding: .utf8)
            .replacingOccurrences(of: "\\\n", with: " ")
        let lines = text.split(separator: "\n").map(String.init)
        let start = try #require(lines.lastIndex { $0.hasPrefix("FROM ") })
        return Array(lines[start...])
    }

    @Test func itIsTheUserThatTheManifestNames() async throws {
        let pod = try #require(
            await Chart.render([:]).object("Deployment", "slipway")?
                .at("spec", "template", "spec"))
        let user = try #require(pod.at("securityContext", "runAsUser")?.intValue)
        let group = try #require(pod.at("securityContext", "runAsGroup")?.intValue)
        let stage = try lastStage()
        #expect(stage.contains("USER \(user):\(group)"))
        #expect(stage.contains(#"ENTRYPOINT ["/usr/local/bin/slipway"]"#))
        // The manifest gives arguments alone.
        #expect(pod["containers"]?[0]?["command"] == nil)
        #expect(pod["containers"]?[0]?["args"]?[0] == "controller")
    }

    /// Each library that the program is linked with comes with a package of the image, and no
    /// package is there for nothing.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/readelf")))
    func itHasTheLibrariesOfTheProgram() async throws {
        let first = try #require(CommandLine.arguments.first)
        let program = URL(fileURLWithPath: first).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("slipway")
        let printed = try await Chart.output(
            "/usr/bin/readelf", ["--dynamic", "--wide", program.path])
        // What is built for the image has Swift's own libraries in it.
        let own = [
            "libswift", "lib_", "libFoundation", "libdispatch", "libBlocksRuntime", "libc.",
            "libm.", "libgcc_s", "libstdc++", "ld-linux",
        ]
        let needed = printed.split(separator: "\n").filter { $0.contains("(NEEDED)") }
            .compactMap { $0.split(separator: "[").last?.dropLast() }
            .filter { name in !own.contains { name.hasPrefix($0) } }
            .map { $0.prefix { $0 != "." && $0 != "-" } }
        #expect(Set(needed).isSuperset(of: ["libcurl", "libgit2"]))
        let install = try #require(try lastStage().first { $0.contains("apt-get install") })
        let packages = install.split(separator: " ").filter { $0.hasPrefix("lib") }
        for library in needed {
            #expect(packages.contains { $0.hasPrefix(library) }, "\(library) of the program")
        }
        for package in packages {
            #expect(needed.contains { package.hasPrefix($0) }, "\(package) is not needed")
        }
    }
}
