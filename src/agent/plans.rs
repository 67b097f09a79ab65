//! Plans by rules: for every [intent](super::intent) a plan, and what is tried when it was not good enough.

use agents::orchestrate::{Request, Round};
use agents::plan::{Action, Check, Plan, Step, template};
use serde_json::{Value, json};

use super::clauses::{Clause, clauses};
use super::intent::{Intent, asks_more, compared, names, subjects};

/// Share of a question's words that an answer should cover at first, and at last.
const COVERED: [f64; 2] = [0.5, 0.25];
/// Rounds and evidence of research that did not cover enough before.
const DEEPER: (usize, usize) = (5, 24);

/// The plan for the next round; `None` if nothing else can be tried.
pub(super) fn plan(request: &Request<'_>) -> Option<Plan> {
    let goal = &request.goal.goal;
    let clauses = clauses(goal);
    let (reason, steps, result) = match &clauses[..] {
        [one] => {
            let tried = request.rounds.iter().map(|round| ids(&round.plan.steps, "")).collect();
            Part { wanted: one.intent, goal: &one.text, tried, request }.plan()?
        }
        several => together(several, request)?,
    };
    Some(Plan { goal: goal.clone(), reason, input: Value::Null, steps, result: Some(result) })
}

/// Why, the steps, and the result: a plan without its goal.
type Draft = (String, Vec<Step>, Value);

/// Something that is wanted: all of a goal, or a part of it.
struct Part<'r> {
    wanted: Intent,
    goal: &'r str,
    /// The steps of each plan for it that was not good enough.
    tried: Vec<Vec<String>>,
    request: &'r Request<'r>,
}

impl Part<'_> {
    /// What is to be tried next.
    fn plan(&self) -> Option<Draft> {
        let (wanted, goal) = (self.wanted, self.goal);
        Some(match (wanted, self.tried.len()) {
            (Intent::Index, 0) => one(wanted, tool("index", json!({}))),
            (Intent::RunTests, 0) => {
                let step =
                    tool("command", json!({})).accept(Check::Equals { at: "/passed".into(), value: true.into() });
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
            (Intent::Compare, 0) => self.compare()?,
            (Intent::Explain, 0) if !names(goal).is_empty() => self.of_name(&names(goal)[0]),
            (Intent::Callers | Intent::Impact, 0) if !subjects(goal).is_empty() => self.of_name(&subjects(goal)[0]),
            // Nothing is called so, or the name is ambiguous: what a search finds may be meant.
            (Intent::Callers | Intent::Impact, 1) if !subjects(goal).is_empty() => of_hit(wanted, &subjects(goal)[0]),
            (Intent::Index | Intent::RunTests, _) => return None,
            _ => {
                // Rounds with other plans do not count: research begins as it always does.
                let asked = self.tried.iter().filter(|steps| steps.iter().any(|id| id == "research")).count();
                match self.request.records.best(&["research", "search"]) {
                    Some("research") if asked < 2 => self.answer(asked),
                    _ if !self.tried.iter().any(|steps| steps.len() == 1) => hits(wanted, goal),
                    _ => return None,
                }
            }
        })
    }

    /// The input of research about `question`; it asks outside if the goal allows that.
    fn question(&self, question: &str) -> Value {
        match self.request.goal.input["web"] == true {
            true => json!({ "question": question, "web": "${input/web}" }),
            false => json!({ "question": question }),
        }
    }

    /// Research, and the hits of a search beside it.
    fn answer(&self, asked: usize) -> Draft {
        let (wanted, goal) = (self.wanted, self.goal);
        let covered = COVERED[asked.min(1)];
        let (mut input, reason) = (self.question(goal), "an answer with its evidence, and the places a search finds");
        let mut reason = reason.to_owned();
        if asked > 0 {
            (input["rounds"], input["evidence"]) = (DEEPER.0.into(), DEEPER.1.into());
            reason = format!("the answer did not cover enough: more rounds, and {covered} is enough");
        }
        let steps = vec![
            tool("research", input)
                .accept(Check::not_empty("/sentences"))
                .accept(Check::at_least("/coverage", covered)),
            tool("search", json!({ "query": goal })).optional(),
        ];
        let result = json!({ "text": "${research/text}", "sentences": "${research/sentences}", "evidence": "${research/evidence}",
            "missing": "${research/missing}", "places": "${search/hits}" });
        (format!("{wanted:?}: {reason}"), steps, result)
    }

    /// What the graph says of a name, and research beside it.
    fn of_name(&self, name: &str) -> Draft {
        let (wanted, goal) = (self.wanted, self.goal);
        let symbol = json!({ "symbol": name });
        let (steps, result) = match wanted {
            Intent::Callers if asks_more(goal) => (
                vec![
                    tool("callers", symbol.clone()),
                    tool("tests", symbol).optional(),
                    tool("research", self.question(goal)).optional(),
                ],
                json!({ "callers": "${callers}", "tests": "${tests/found}", "answer": "${research}" }),
            ),
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
                    tool("research", self.question(goal)).accept(Check::not_empty("/sentences")),
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

    /// Research about both sides, at the same time.
    fn compare(&self) -> Option<Draft> {
        let (one, other) = compared(self.goal)?;
        let mut input = self.question("${item}");
        input["path"] = "${input/path}".into();
        let each =
            Step::new("each", Action::Map { over: json!([one, other]), tool: "research".into(), input, most: 2 });
        let step = each
            .accept(Check::Equals { at: "/failed".into(), value: 0.into() })
            .accept(Check::not_empty("/items/0/sentences"));
        let step = step.accept(Check::not_empty("/items/1/sentences"));
        let result = json!({ "one": { "what": one, "text": "${each/items/0/text}", "sentences": "${each/items/0/sentences}", "evidence": "${each/items/0/evidence}" },
            "other": { "what": other, "text": "${each/items/1/text}", "sentences": "${each/items/1/sentences}", "evidence": "${each/items/1/evidence}" } });
        Some((format!("Compare: what is written about `{one}`, and about `{other}`"), vec![step], result))
    }
}

/// All parts of a goal in one plan, at the same time; those that ask wait for those that act. What was reached before is kept.
fn together(clauses: &[Clause], request: &Request<'_>) -> Option<Draft> {
    let (mut reasons, mut steps, mut results) = (Vec::new(), Vec::<Step>::new(), Vec::new());
    // Prefixes of the parts that act.
    let mut acting: Vec<String> = Vec::new();
    for (number, clause) in clauses.iter().enumerate() {
        let prefix = format!("part{}_", number + 1);
        let needed: Vec<&String> = acting.iter().chain([&prefix]).collect();
        let reached = request.rounds.iter().find(|round| !needed.iter().any(|prefix| has_failed(round, prefix)));
        let result = match reached {
            Some(round) => template::literal(&round.result["parts"][number]["result"]),
            None => {
                let failing = request.rounds.iter().filter(|round| has_failed(round, &prefix));
                let tried = failing.map(|round| ids(&round.plan.steps, &prefix)).collect();
                let (reason, own, result) =
                    Part { wanted: clause.intent, goal: &clause.text, tried, request }.plan()?;
                let acts = |step: &&Step| acting.iter().any(|prefix| step.id.starts_with(prefix));
                let first: Vec<String> = steps.iter().filter(acts).map(|step| step.id.clone()).collect();
                let (own, result) = renamed(own, &result, &prefix);
                reasons.push(reason);
                steps.extend(own.into_iter().map(|step| Step { after: [step.after, first.clone()].concat(), ..step }));
                result
            }
        };
        results.push(json!({ "goal": clause.text, "result": result }));
        if matches!(clause.intent, Intent::Index | Intent::RunTests) {
            acting.push(prefix);
        }
    }
    Some((format!("{} parts. {}", clauses.len(), reasons.join(". ")), steps, json!({ "parts": results })))
}

/// Whether a step that begins with `prefix` has failed.
fn has_failed(round: &Round, prefix: &str) -> bool {
    round.failures.keys().any(|step| step.starts_with(prefix))
}

/// Steps under names that begin with `prefix`, and the result that refers to them.
fn renamed(steps: Vec<Step>, result: &Value, prefix: &str) -> (Vec<Step>, Value) {
    let known = ids(&steps, "");
    let name = |name: &str| known.iter().any(|known| known == name).then(|| format!("{prefix}{name}"));
    let rename = |value: &Value| template::renamed(value, &name);
    let step = |step: Step| Step {
        id: format!("{prefix}{}", step.id),
        action: step.action.with_values(&rename),
        after: step.after.iter().map(|name| format!("{prefix}{name}")).collect(),
        ..step
    };
    (steps.into_iter().map(step).collect(), rename(result))
}

/// The names of the steps that begin with `prefix`, without it.
fn ids(steps: &[Step], prefix: &str) -> Vec<String> {
    steps.iter().filter_map(|step| Some(step.id.strip_prefix(prefix)?.to_owned())).collect()
}

/// A step that is called as its tool, in the repository of the goal.
fn tool(name: &str, mut input: Value) -> Step {
    input["path"] = "${input/path}".into();
    Step::tool(name, name, input)
}

fn one(wanted: Intent, step: Step) -> Draft {
    let result = json!({ &step.id: format!("${{{}}}", step.id) });
    (format!("{wanted:?}: one step does it"), vec![step], result)
}

/// The hits of a search: better than nothing.
fn hits(wanted: Intent, goal: &str) -> Draft {
    let step = tool("search", json!({ "query": goal })).accept(Check::not_empty("/hits"));
    (
        format!("{wanted:?}: no answer in sentences; what is most alike"),
        vec![step],
        json!({ "places": "${search/hits}" }),
    )
}

/// The same about the best hit of a search.
fn of_hit(wanted: Intent, name: &str) -> Draft {
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
