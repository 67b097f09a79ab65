//! A graph to measure with: degrees follow a power law, and nodes prefer their own block, as code does its own module.

/// Arcs (source, target, weight) of a graph of `nodes` nodes; the same for the same arguments. Blocks have about a
/// hundred nodes; three arcs of four stay within one.
pub fn power_law(nodes: u32, arcs: usize, seed: u64) -> Vec<(u32, u32, f32)> {
    const BLOCK: u32 = 100;
    let mut random = Random(seed);
    let nodes = nodes.max(BLOCK);
    let made = (0..arcs).map(|_| {
        let from = spread(random.skewed(nodes), nodes);
        let first = (from - from % BLOCK).min(nodes - BLOCK);
        let stays = random.unit() < 0.75;
        let to = if stays { first + random.skewed(BLOCK) } else { spread(random.skewed(nodes), nodes) };
        (from, to, 1.0 + (random.unit() * 4.0).floor() as f32)
    });
    made.collect()
}

/// Scatters ranks over all numbers, so that heavy nodes do not share a block: 7,919 is prime to most sizes.
fn spread(rank: u32, nodes: u32) -> u32 {
    (u64::from(rank) * 7919 % u64::from(nodes)) as u32
}

/// Splitmix64 (Steele, Lea & Flood 2014).
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 up to 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Below `end`; the chance of rank k falls with k to the power of -2/3, which gives degrees an exponent of 2.5.
    fn skewed(&mut self, end: u32) -> u32 {
        let unit = self.unit();
        ((unit.powi(3) * f64::from(end)) as u32).min(end - 1)
    }
}
