import Cluster
import FoundationEssentials

/// Kubeconfigs with a credential plugin that is a shell script.
enum PluginKit {
    /// A kubeconfig whose user is a plugin, a shell script beside it.
    static func configuration(
        _ folder: borrowing Folder, script: String, server: String = "https://10.0.0.1",
        exec: String = "interactiveMode: Never", command: String = "/bin/sh",
        arguments: String = "", cluster: String = "",
        version: String = "v1", options: KubeConfiguration.Options? = nil
    ) throws -> KubeConfiguration {
        // Not executed itself: while it is written, some other test may be starting a process.
        let path = try folder.write("cd '\(folder.url.path)'\n\(script)\n", to: "plugin.sh")
        let file = try folder.write(
            """
            current-context: dev
            contexts: [{name: dev, context: {cluster: east, user: me}}]
            clusters:
            - name: east
              cluster: {server: "\(server)"\(cluster)}
            users:
            - name: me
              user:
                exec:
                  apiVersion: client.authentication.k8s.io/\(version)
                  command: \(command)
                  args: ["\(path)"\(arguments)]
                  \(exec.split(separator: "\n").joined(separator: "\n      "))
            """)
        return try KubeConfiguration.load(
            file, options: options ?? .init(environment: ["PATH": "/usr/bin:/bin", "OUR": "own"]))
    }

    /// What a plugin prints.
    static func answer(_ status: String, version: String = "v1") -> String {
        """
        {"apiVersion":"client.authentication.k8s.io/\(version)","kind":"ExecCredential",\
        "status":{\(status)}}
        """
    }
}
