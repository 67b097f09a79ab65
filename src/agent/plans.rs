//! Plans by rules: for every [intent](super::intent) a plan, and what is tried when it was not good enough.

use agents::orchestrate::Request;
use agents::plan::{Action, Check, Plan, Step};
use serde_json::{Value, json};

use super::intent::{Intent, compared, intent, names};

/// Share of a question's words that an answer should cover at first, and at last.
const COVERED: [f64; 2] = [0.5, 0.25];
/// Rounds and evidence of research that did not cover enough before.
const DEEPER: (usize, usize) = (5, 24);

/// The plan for the next round; `None` if nothing else can be tried.
pub(super) fn plan(request: &Request<'_>) -> Option<Plan> {
    let goal = &request.goal.goal;
    let wanted = intent(goal);
    let number = request.rounds.len();
    let (reason, steps, result) = match (wanted, number) {
        (Intent::Index, 0) => one(wanted, tool("index", json!({}))),
        (Intent::RunTests, 0) => {
            let step = tool("command", json!({})).accept(Check::Equals { at: "/passed".into(), value: true.into() });
            one(wanted, step.because("tests are good if all of them pass"))
        }
        (Intent::Overview, 0) => {
            let steps = vec![
                tool("overview", json!({})).accept(Check::not_empty("/communities")),
                tool("communities", json!({})).optional(),
            ];
            (
                format!("{wanted:?}: the parts of the whole, and what is used most"),
                steps,
                json!({ "overview": "${overview}", "parts": "${communities/levels}" }),
            )
        }
        (Intent::Compare, 0) => compare(goal)?,
        (Intent::Explain | Intent::Callers | Intent::Impact, 0) if !names(goal).is_empty() => {
            of_name(wanted, &names(goal)[0], goal)
        }
        // Nothing is called so, or the name is ambiguous: what a search finds may be meant.
        (Intent::Callers | Intent::Impact, 1) if !names(goal).is_empty() => of_hit(wanted, &names(goal)[0]),
        (Intent::Index | Intent::RunTests, _) => return None,
        _ => {
            // Rounds with other plans do not count: research begins as it always does.
            let asked =
                request.rounds.iter().filter(|round| round.plan.steps.iter().any(|step| step.id == "research")).count();
            match request.records.best(&["research", "search"]) {
                Some("research") if asked < 2 => answer(wanted, goal, asked),
                _ if !request.rounds.iter().any(|round| round.plan.steps.len() == 1) => hits(wanted, goal),
                _ => return None,
            }
        }
    };
    Some(Plan { goal: goal.clone(), reason, input: Value::Null, steps, result: Some(result) })
}

/// A step that is called as its tool, in the repository of the goal.
fn tool(name: &str, mut input: Value) -> Step {
    input["path"] = "${input/path}".into();
    Step::tool(name, name, input)
}

fn one(wanted: Intent, step: Step) -> (String, Vec<Step>, Value) {
    let result = json!({ &step.id: format!("${{{}}}", step.id) });
    (format!("{wanted:?}: one step does it"), vec![step], result)
}

/// Research, and the hits of a search beside it.
fn answer(wanted: Intent, goal: &str, asked: usize) -> (String, Vec<Step>, Value) {
    let covered = COVERED[asked.min(1)];
    let (mut input, reason) =
        (json!({ "question": goal }), "an answer with its evidence, and the places a search finds");
    let mut reason = reason.to_owned();
    if asked > 0 {
        (input["rounds"], input["evidence"]) = (DEEPER.0.into(), DEEPER.1.into());
        reason = format!("the answer did not cover enough: more rounds, and {covered} is enough");
    }
    let steps = vec![
        tool("research", input).accept(Check::not_empty("/sentences")).accept(Check::at_least("/coverage", covered)),
        tool("search", json!({ "query": goal })).optional(),
    ];
    let result = json!({ "text": "${research/text}", "sentences": "${research/sentences}", "evidence": "${research/evidence}",
        "missing": "${research/missing}", "places": "${search/hits}" });
    (format!("{wanted:?}: {reason}"), steps, result)
}

/// The hits of a search: better than nothing.
fn hits(wanted: Intent, goal: &str) -> (String, Vec<Step>, Value) {
    let step = tool("search", json!({ "query": goal })).accept(Check::not_empty("/hits"));
    (
        format!("{wanted:?}: no answer in sentences; what is most alike"),
        vec![step],
        json!({ "places": "${search/hits}" }),
    )
}

/// What the graph says of a name, and research beside it.
fn of_name(wanted: Intent, name: &str, goal: &str) -> (String, Vec<Step>, Value) {
    let symbol = json!({ "symbol": name });
    let (steps, result) = match wanted {
        Intent::Callers => (
            vec![tool("callers", symbol.clone()), tool("tests", symbol).optional()],
            json!({ "callers": "${callers}", "tests": "${tests/found}" }),
        ),
        Intent::Impact => {
            (vec![tool("impact", symbol).accept(Check::not_empty("/changed"))], json!({ "impact": "${impact}" }))
        }
        _ => {
            let steps = vec![
                tool("explain", symbol).optional(),
                tool("research", json!({ "question": goal })).accept(Check::not_empty("/sentences")),
            ];
            (
                steps,
                json!({ "text": "${research/text}", "explanation": "${explain}", "sentences": "${research/sentences}",
                "evidence": "${research/evidence}", "missing": "${research/missing}" }),
            )
        }
    };
    (format!("{wanted:?}: `{name}` is a name, so the graph knows"), steps, result)
}

/// The same about the best hit of a search.
fn of_hit(wanted: Intent, name: &str) -> (String, Vec<Step>, Value) {
    let place = json!({ "symbol": "${search/hits/0/path}:${search/hits/0/start_line}" });
    let search = tool("search", json!({ "query": name, "limit": 3 })).accept(Check::not_empty("/hits"));
    let (step, result) = match wanted {
        Intent::Callers => {
            (tool("callers", place), json!({ "callers": "${callers}", "meant": "${search/hits/0/path}" }))
        }
        _ => (tool("impact", place), json!({ "impact": "${impact}", "meant": "${search/hits/0/path}" })),
    };
    (
        format!("{wanted:?}: the graph knows nothing by this name alone; what a search finds first may be meant"),
        vec![search, step],
        result,
    )
}

/// Research about both sides, at the same time.
fn compare(goal: &str) -> Option<(String, Vec<Step>, Value)> {
    let (one, other) = compared(goal)?;
    let each = Step::new(
        "each",
        Action::Map {
            over: json!([one, other]),
            tool: "research".into(),
            input: json!({ "path": "${input/path}", "question": "${item}" }),
            most: 2,
        },
    );
    let step = each
        .accept(Check::Equals { at: "/failed".into(), value: 0.into() })
        .accept(Check::not_empty("/items/0/sentences"));
    let step = step.accept(Check::not_empty("/items/1/sentences"));
    let result = json!({ "one": { "what": one, "text": "${each/items/0/text}", "sentences": "${each/items/0/sentences}", "evidence": "${each/items/0/evidence}" },
        "other": { "what": other, "text": "${each/items/1/text}", "sentences": "${each/items/1/sentences}", "evidence": "${each/items/1/evidence}" } });
    Some((format!("Compare: what is written about `{one}`, and about `{other}`"), vec![step], result))
}
