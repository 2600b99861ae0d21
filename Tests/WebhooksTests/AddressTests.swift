import Testing
import Webhooks

@Suite struct AddressTests {
    @Test(
        "Addresses of this machine, of private and of special networks are not public",
        arguments: [
            "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.9", "169.254.169.254",
            "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
            "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1",
            "255.255.255.255",
            "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1",
            "100::1",
            "2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1",
            "ff02::1", "ffff::1",
        ])
    func refused(text: String) throws {
        #expect(try !#require(IPAddress(text)).isPublic)
    }

    @Test(
        "Others are",
        arguments: [
            "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "128.0.0.1",
            "169.253.0.1", "172.15.0.1", "172.32.0.1", "192.167.0.1", "198.17.0.1", "198.20.0.1", "223.255.255.255",
            "2606:4700::1111", "2a00:1450::1", "2001:4860:4860::8888", "2003::1",
        ])
    func allowed(text: String) throws {
        #expect(try #require(IPAddress(text)).isPublic)
    }

    @Test(
        "What only looks like an address is none",
        arguments: [
            "127.1", "0x7f.0.0.1", "2130706433", "0177.0.0.1", "127.0.0.1 ", "fe80::1%lo", "", "localhost", "[::1]",
        ])
    func noAddress(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `ranges hold what begins alike`() throws {
        let range = try #require(AddressRange("10.128.0.0/9"))
        #expect(range.contains(IPAddress("10.200.1.1")!) && !range.contains(IPAddress("10.127.1.1")!))
        #expect(!range.contains(IPAddress("::10.200.1.1")!))
        let one = try #require(AddressRange("fd00::1"))
        #expect(one.contains(IPAddress("fd00:0::0001")!) && !one.contains(IPAddress("fd00::2")!))
        #expect(AddressRange("::/0")?.contains(IPAddress("fe80::1")!) == true)
        for text in ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0/8", "x/8", "fd00::/129", "1.1.1.1/8/8"] {
            #expect(AddressRange(text) == nil, "\(text)")
        }
    }
}
