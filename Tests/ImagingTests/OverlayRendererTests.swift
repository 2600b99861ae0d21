import Imaging
import Testing

@Suite struct OverlayRendererTests {
    private static let classes = [
        ClassInfo(name: "sky", color: RGB(0, 0, 0)), ClassInfo(name: "road", color: RGB(200, 100, 0)),
        ClassInfo(name: "car", color: RGB(0, 0, 255)),
    ]
    private static let grey = Frame(width: 4, height: 1) { _, _ in (100, 100, 100) }

    @Test func `Pixels take on the colours of their classes`() {
        let mask = LabelMap(width: 4, height: 1, classes: [0, 1, 2, 1])
        let overlay = OverlayRenderer.render(frame: Self.grey, mask: mask, classes: Self.classes)
        #expect(overlay.pixels == [50, 50, 50, 150, 100, 50, 50, 50, 178, 150, 100, 50])
    }

    @Test func `Alpha goes from the frame alone to the mask alone`() {
        let mask = LabelMap(width: 4, height: 1, classes: [1, 1, 1, 1])
        for alpha in [-1.0, 0] {
            let overlay = OverlayRenderer.render(frame: Self.grey, mask: mask, classes: Self.classes, alpha: alpha)
            #expect(overlay == Self.grey)
        }
        for alpha in [1.0, 7] {
            let overlay = OverlayRenderer.render(frame: Self.grey, mask: mask, classes: Self.classes, alpha: alpha)
            #expect(overlay[0, 0] == [200, 100, 0])
        }
    }

    @Test func `Classes not asked for and labels without a class stay clear`() {
        let mask = LabelMap(width: 4, height: 1, classes: [0, 1, 2, LabelMap.ignore])
        let overlay = OverlayRenderer.render(frame: Self.grey, mask: mask, classes: Self.classes, alpha: 1, only: [2])
        #expect(overlay.pixels == [100, 100, 100, 100, 100, 100, 0, 0, 255, 100, 100, 100])
    }

    @Test func `A mask of another size is stretched over the frame`() {
        let mask = LabelMap(width: 2, height: 1, classes: [1, 2])
        let overlay = OverlayRenderer.render(frame: Self.grey, mask: mask, classes: Self.classes, alpha: 1)
        #expect(overlay.pixels == [200, 100, 0, 200, 100, 0, 0, 0, 255, 0, 0, 255])
    }

    @Test(arguments: [(320, 180), (1280, 720), (1920, 1080)])
    func `The legend shows the colours of the classes present`(size: (width: Int, height: Int)) {
        let frame = Frame(
            width: size.width, height: size.height, pixels: [UInt8](repeating: 90, count: 3 * size.width * size.height))
        let mask = LabelMap(width: 2, height: 1, classes: [1, 0])
        let plain = OverlayRenderer.render(frame: frame, mask: mask, classes: Self.classes, alpha: 0, legend: false)
        #expect(plain == frame)
        let overlay = OverlayRenderer.render(frame: frame, mask: mask, classes: Self.classes, alpha: 0)
        func count(_ color: [UInt8]) -> Int {
            let pixels = overlay.pixels
            return stride(from: 0, to: pixels.count, by: 3).count {
                pixels[$0] == color[0] && pixels[$0 + 1] == color[1] && pixels[$0 + 2] == color[2]
            }
        }
        let scale = max(1, size.height / 360)
        #expect(count([200, 100, 0]) == 64 * scale * scale)
        #expect(count([0, 0, 0]) == 64 * scale * scale)
        #expect(count([0, 0, 255]) == 0)
        #expect(count([255, 255, 255]) > 100 * scale * scale)
    }

    @Test func `The legend lists only the classes drawn`() {
        let frame = Frame(width: 320, height: 180, pixels: [UInt8](repeating: 90, count: 3 * 320 * 180))
        let mask = LabelMap(width: 2, height: 1, classes: [1, 2])
        let all = OverlayRenderer.render(frame: frame, mask: mask, classes: Self.classes, alpha: 0)
        let one = OverlayRenderer.render(frame: frame, mask: mask, classes: Self.classes, alpha: 0, only: [2])
        let none = OverlayRenderer.render(frame: frame, mask: mask, classes: Self.classes, alpha: 0, only: [])
        #expect(none == frame)
        #expect(one != frame && one != all)
    }

    @Test func `A frame too small for the legend has none`() {
        for (width, height) in [(1, 1), (60, 60), (400, 20), (1000, 12)] {
            let frame = Frame(width: width, height: height, pixels: [UInt8](repeating: 90, count: 3 * width * height))
            let mask = LabelMap(width: 1, height: 1, classes: [1])
            #expect(OverlayRenderer.render(frame: frame, mask: mask, classes: Self.classes, alpha: 0) == frame)
        }
    }

    @Test func `Names in any script are drawn without fail`() {
        let names = ["", "\u{7f}\n", "Straße 道路 🚗", String(repeating: "W", count: 500), " !~"]
        for name in names {
            let classes = [ClassInfo(name: name, color: RGB(9, 9, 9))]
            let frame = Frame(width: 640, height: 360, pixels: [UInt8](repeating: 90, count: 3 * 640 * 360))
            let mask = LabelMap(width: 1, height: 1, classes: [0])
            let overlay = OverlayRenderer.render(frame: frame, mask: mask, classes: classes, alpha: 0)
            #expect((overlay == frame) == (name.count == 500))
        }
    }
}
