/// How the sandbox routes traffic: a real Envoy, driven by the cluster's objects.
package struct GatewayOptions: Sendable {
    /// The program; `nil` looks into the Python environment, then along the PATH.
    package var envoy: String?
    /// The Python environment that may hold Envoy, as `Scripts/python-environment` makes it.
    package var pythonEnvironment: String
    /// Where Gateways listen that ask for no address of their own, in 127.0.0.0/8.
    package var address: String
    /// The GatewayClass that is made if no class names this part of the sandbox; `nil`: none is.
    package var className: String?
    /// Told what has started, in a line.
    package var report: @Sendable (String) -> Void

    package init(
        envoy: String? = nil, pythonEnvironment: String = ".python", address: String = "127.0.0.1",
        className: String? = "sandbox", report: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.envoy = envoy
        self.pythonEnvironment = pythonEnvironment
        self.address = address
        self.className = className
        self.report = report
    }
}

extension GatewayOptions {
    /// Why there is no Envoy to start, and what to do; `nil` if there is one.
    package var problem: String? {
        do throws(GatewayFailure) {
            _ = try EnvoyProgram.find(self)
            return nil
        } catch {
            return error.description
        }
    }
}

/// Why the gateway cannot work.
package struct GatewayFailure: Error, CustomStringConvertible, Sendable {
    package let description: String
}
