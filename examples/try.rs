use cogo::*;
fn main() {
    let root = std::env::args().nth(1).unwrap();
    let q = std::env::args().nth(2).unwrap();
    let mut o = EngineOptions::default();
    o.index.rebuild = std::env::args().nth(3).is_some();
    let e = Engine::new(root.as_ref(), o);
    let t = std::time::Instant::now();
    let r = e.refresh(&|_| ()).unwrap();
    println!("{:?} refresh; {:?}", t.elapsed(), r.counts);
    println!("{:?} notes {} unchanged {} gen {}", r.skipped_by_reason(), r.notes.len(), r.unchanged, r.generation);
    let mut q = Query::new(q);
    q.explain = true;
    for _ in 0..5 {
        let t = std::time::Instant::now();
        let r = e.search(&q).unwrap();
        println!("{:?} search {}", t.elapsed(), r.hits.len());
    }
    for h in e.search(&q).unwrap().hits { println!("{:.2} {}:{}-{} {:?} {:?} {:?}", h.score, h.path, h.start_line, h.end_line, h.symbol, h.kind, h.terms.iter().map(|t| format!("{} {:.2}", t.name, t.value*t.weight)).collect::<Vec<_>>().join(", ")); }
}
