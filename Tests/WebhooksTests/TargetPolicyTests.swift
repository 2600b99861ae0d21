import Testing
import Webhooks

@Suite struct TargetPolicyTests {
    @Test(
        "URLs are taken, and written in one way",
        arguments: [
            ("https://gcs.example/hooks", "https://gcs.example/hooks", "gcs.example", "https://gcs.example"),
            ("HTTP://GCS.Example:8443", "http://gcs.example:8443/", "gcs.example", "http://gcs.example:8443"),
            (
                "https://a_b.example/x?token=a%20b&c", "https://a_b.example/x?token=a%20b&c", "a_b.example",
                "https://a_b.example"
            ),
            ("http://9.9.9.9/x", "http://9.9.9.9/x", "9.9.9.9", "http://9.9.9.9"),
            (
                "http://[2606:4700:0::1111]:81/x", "http://[2606:4700::1111]:81/x", "2606:4700::1111",
                "http://[2606:4700::1111]:81"
            ),
        ])
    func taken(text: String, url: String, host: String, origin: String) throws {
        let target = try TargetPolicy().target(text)
        #expect(target.url == url && target.host == host && target.origin == origin)
        // What was written is read as the same.
        #expect(try TargetPolicy().target(target.url) == target)
    }

    @Test(
        "What is no plain URL of a public host is refused",
        arguments: [
            "", "gcs.example", "/hooks", "ftp://gcs.example/", "file:///etc/passwd", "http+unix://%2Ftmp%2Fx/",
            "https://user@gcs.example/", "https://user:pass@gcs.example/", "https://gcs.example/#x", "https:///x",
            "https://", "https://gcs.example:0/", "https://gcs.example:65536/", "https://gcs..example/",
            "https://gcs.example./", "https://gcs%2eexample/", "https://gcs.exämple/", "https://127.1/",
            "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://1.2.3.4.5/",
            "http://[fe80::1%25eth0]/", "http://[::1", "https://gcs.example\\@9.9.9.9/", "https://gcs .example/",
            "http://127.0.0.1/", "http://10.1.1.1:80/", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
            "http://[fd00::1]/", "http://169.254.169.254/latest/meta-data", "http://localhost:9000/",
            "http://LOCALHOST/", "http://a.localhost/",
        ])
    func refused(text: String) {
        #expect(throws: TargetFault.self) { try TargetPolicy().target(text) }
    }

    @Test func `what whoever runs the server allows is taken`() throws {
        let policy = try TargetPolicy(allowing: ["10.20.0.0/16", "::1", "gcs.local"])
        #expect(try policy.target("http://10.20.3.4/").host == "10.20.3.4")
        #expect(throws: TargetFault.self) { try policy.target("http://10.21.3.4/") }
        #expect(try policy.target("http://[::1]:81/").host == "::1")
        // Names lead anywhere, and are looked at again when they are resolved.
        let named = try policy.target("http://GCS.local/")
        #expect(policy.allows(IPAddress("192.168.1.1")!, of: named))
        let other = try policy.target("http://other.local/")
        #expect(!policy.allows(IPAddress("192.168.1.1")!, of: other))
        #expect(policy.allows(IPAddress("10.20.1.1")!, of: other) && policy.allows(IPAddress("9.9.9.9")!, of: other))
        #expect(try policy.target("http://localhost/").host == "localhost")
    }

    @Test(
        "What is no address, range or name cannot be allowed",
        arguments: ["10.0.0.0/40", "a b", "http://x", "", "x/8", "[::1]"])
    func nonsense(entry: String) {
        #expect(throws: TargetFault.self) { try TargetPolicy(allowing: [entry]) }
    }
}
