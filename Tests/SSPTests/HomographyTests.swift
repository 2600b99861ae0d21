import SSP
import Testing

@Suite struct HomographyTests {
    private let motion = Homography([1.02, 0.03, 5, -0.02, 0.98, -3, 1e-4, -2e-4, 1])!

    @Test("The inverse takes every pixel back")
    func inverse() throws {
        for (x, y) in [(0.0, 0.0), (100, 0), (37, 81), (639, 383)] {
            let there = try #require(motion.apply(x: x, y: y))
            let back = try #require(motion.inverse.apply(x: there.x, y: there.y))
            #expect(abs(back.x - x) < 1e-9 && abs(back.y - y) < 1e-9)
        }
    }

    @Test("Numbers that are no invertible matrix are refused")
    func refused() {
        #expect(Homography([1, 0, 0, 0, 1, 0, 0, 0]) == nil)
        #expect(Homography([1, 0, 0, 0, 1, 0, 0, 0, .nan]) == nil)
        #expect(Homography([1, 2, 3, 2, 4, 6, 0, 0, 1]) == nil)
        #expect(Homography([Double](repeating: 0, count: 9)) == nil)
    }

    @Test("In a resized picture the motion moves the same places")
    func rescaled() throws {
        let half = motion.rescaled(from: (1280, 720), to: (640, 384))
        // A place of the picture, as a fraction of its size from edge to edge, has these pixels in either size.
        let there = try #require(motion.apply(x: 200, y: 100))
        let (x, y) = (200.5 * 0.5 - 0.5, 100.5 * 384.0 / 720 - 0.5)
        let small = try #require(half.apply(x: x, y: y))
        #expect(abs(small.x - ((there.x + 0.5) * 0.5 - 0.5)) < 1e-9)
        #expect(abs(small.y - ((there.y + 0.5) * 384 / 720 - 0.5)) < 1e-9)
        #expect(motion.rescaled(from: (640, 384), to: (640, 384)) == motion)
    }

    @Test("On the feature grid a cell moves by a stride's fraction of the pixels")
    func features() throws {
        let grid = Homography([1, 0, 8, 0, 1, -4, 0, 0, 1])!.onFeatures(strideX: 4, strideY: 4)
        #expect(grid.values == [1, 0, 2, 0, 1, -1, 0, 0, 1])
        let there = try #require(motion.apply(x: 40, y: 80))
        let cell = try #require(motion.onFeatures(strideX: 4, strideY: 4).apply(x: 10, y: 20))
        #expect(abs(cell.x - there.x / 4) < 1e-9 && abs(cell.y - there.y / 4) < 1e-9)
    }

    @Test("Mirrored, folded and exploding pictures are no camera's motion")
    func plausible() {
        #expect(Homography.identity.isPlausible(width: 640, height: 480))
        #expect(motion.isPlausible(width: 640, height: 480))
        #expect(!Homography([-1, 0, 640, 0, 1, 0, 0, 0, 1])!.isPlausible(width: 640, height: 480))
        #expect(!Homography([5, 0, 0, 0, 5, 0, 0, 0, 1])!.isPlausible(width: 640, height: 480))
        #expect(!Homography([1, 0, 0, 0, 1, 0, -0.004, 0, 1])!.isPlausible(width: 640, height: 480))
    }
}
