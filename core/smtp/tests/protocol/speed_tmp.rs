#[test]
fn speed() {
    use bytes::BytesMut; use postern_smtp::body::BodyScanner;
    let line = b"The quick brown fox jumps over the lazy dog and the lazy dog sleeps on, all.\r\n";
    for dots in [false, true] {
    let mut b = BytesMut::new();
    while b.len() < 50_000_000 { b.extend_from_slice(line); if dots { b.extend_from_slice(b"..x\r\n"); } }
    b.extend_from_slice(b".\r\n");
    let n = b.len();
    #[allow(clippy::disallowed_methods)]
    let t = std::time::Instant::now();
    let r = BodyScanner::default().scan(&mut b, 0);
    println!("{:?} GB/s {}", n as f64 / t.elapsed().as_secs_f64() / 1e9, matches!(r, postern_smtp::body::Scanned::More));
    }
}
