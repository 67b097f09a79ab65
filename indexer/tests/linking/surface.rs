//! Routes and variables of the environment, in sources as people write them.

use super::linked;
use graphrag::graph::{NodeKind, Relation};
use graphrag::{FileFacts, Graph, Manifest, resolve};

fn graph(files: &[(&str, &str)]) -> Graph {
    let mut files = files.to_vec();
    files.sort_unstable();
    let documents = linked(&files).documents;
    let facts: Vec<FileFacts> = documents.iter().map(FileFacts::of).collect();
    let manifests: Vec<Manifest> = files.iter().flat_map(|(path, text)| Manifest::read(path, text)).collect();
    Graph::new(&facts, resolve(&facts, &manifests), &[], &Default::default())
}

/// `GET /users <- where it is registered -> what answers it`, per route; possible handlers have a `?`.
fn routes(files: &[(&str, &str)]) -> Vec<String> {
    let graph = graph(files);
    let routes = graph.ids().filter(|&id| graph.node(id).kind == NodeKind::Route);
    let name = |id| format!("{}:{}", graph.path(id), graph.node(id).name);
    routes
        .map(|id| {
            let mut line = graph.node(id).name.to_owned();
            for link in graph.used_by(id) {
                assert_eq!(link.relation, Relation::Route);
                line += &format!(" <- {}:{}", graph.path(link.node), link.line);
            }
            for link in graph.uses(id) {
                line += &format!(" -> {}{}", name(link.node), if link.is_proven { "" } else { "?" });
            }
            line
        })
        .collect()
}

/// `KEY reads a.py:1 sets b.py:2`, per variable.
fn keys(files: &[(&str, &str)]) -> Vec<String> {
    let graph = graph(files);
    let keys = graph.ids().filter(|&id| graph.node(id).kind == NodeKind::Key);
    keys.map(|id| {
        let places = graph
            .used_by(id)
            .map(|link| format!(" {} {}:{}", link.relation.as_str(), graph.path(link.node), link.line));
        graph.node(id).name.to_owned() + &places.collect::<String>()
    })
    .collect()
}

#[test]
fn python_decorators_register_routes() {
    let app = "from flask import Flask\napp = Flask(__name__)\n\n@app.route(\"/\")\ndef index():\n    return \"\"\n\n\
        @app.route('/users/<int:user_id>', methods=['GET', 'POST'])\n@login_required\ndef user(user_id):\n    return {}\n\n\
        class Views:\n    @router.delete(path=\"/users/{user_id}\", status_code=204)\n    async def remove(self): ...\n\n\
        @cache.get(key)\ndef other(): ...\n\n@app.route(PREFIX + '/x')\ndef hidden(): ...\n\n\
        # @app.get(\"/comment\")\ntext = '@app.get(\"/text\")'\nresponse = client.get('/users/1')\n";
    assert_eq!(
        routes(&[("app.py", app)]),
        [
            "/ -> app.py:index",
            "DELETE /users/{user_id} -> app.py:Views.remove",
            "GET /users/{user_id} -> app.py:user",
            "POST /users/{user_id} -> app.py:user",
        ]
    );
}

#[test]
fn django_paths_lead_to_their_views() {
    let urls = "from django.urls import include, path\nfrom . import views\nfrom shop.views import Basket\n\nurlpatterns = [\n    \
        path('users/<int:pk>/', views.user, name='user'),\n    path('basket/', Basket.as_view()),\n    \
        path('api/', include('api.urls')),\n]\n";
    let views = "class Basket(View):\n    def get(self, request): ...\n\ndef user(request, pk):\n    return None\n";
    assert_eq!(
        routes(&[("shop/__init__.py", ""), ("shop/urls.py", urls), ("shop/views.py", views)]),
        ["/basket <- shop/urls.py:7 -> shop/views.py:Basket", "/users/{pk} <- shop/urls.py:6 -> shop/views.py:user",]
    );
}

#[test]
fn routers_of_javascript_are_those_that_are_made_there() {
    let server = "import express from 'express';\nimport { list } from './users.js';\nconst app = express();\n\
        const router = express.Router();\nfunction show(req, res) { res.send(''); }\n\
        app.get('/users', auth, list);\nrouter.post('/users/:id', show);\napp.delete('/x', (req, res) => { res.end(); });\n\
        axios.get('/not/a/route', list);\napp.get('setting');\n";
    let users = "export function list(req, res) {}\n";
    assert_eq!(
        routes(&[("server.js", server), ("users.js", users)]),
        [
            "DELETE /x <- server.js:8",
            "GET /users <- server.js:6 -> users.js:list",
            "POST /users/{id} <- server.js:7 -> server.js:show",
        ]
    );
}

#[test]
fn nest_and_spring_put_the_path_of_the_class_before() {
    let nest = "import { Controller, Get, Post } from '@nestjs/common';\n@Controller('cats')\nexport class Cats {\n  @Get()\n  all() {}\n\n  \
        @Get(':id')\n  one() {}\n}\n";
    let spring = "package p;\n@RestController\n@RequestMapping(\"/api/users\")\nclass Users {\n    @GetMapping\n    List<User> all() { return null; }\n\n    \
        @PostMapping(path = \"/{id}\", consumes = \"application/json\")\n    void add() {}\n\n    \
        @RequestMapping(value = \"/old\", method = RequestMethod.PUT)\n    void old() {}\n\n    @GetMapping(PATH)\n    void hidden() {}\n}\n";
    assert_eq!(
        routes(&[("cats.ts", nest), ("p/Users.java", spring)]),
        [
            "GET /api/users -> p/Users.java:Users.all",
            "GET /cats -> cats.ts:Cats.all",
            "GET /cats/{id} -> cats.ts:Cats.one",
            "POST /api/users/{id} -> p/Users.java:Users.add",
            "PUT /api/users/old -> p/Users.java:Users.old",
        ]
    );
}

#[test]
fn go_handlers_are_functions() {
    let main = "package main\n\nimport \"net/http\"\n\nfunc main() {\n\tmux := http.NewServeMux()\n\tmux.HandleFunc(\"GET /users/{id}\", show)\n\t\
        mux.Handle(\"/static/\", files)\n\tr.GET(\"/ping\", func(c *gin.Context) {})\n\tr.Get(\"/all\", list)\n\tcache.Get(\"/key\", &value)\n\t\
        cache.Get(\"/other\", value)\n}\n\nfunc show(w http.ResponseWriter, r *http.Request) {}\n";
    let list = "package main\n\nfunc list() {}\n";
    assert_eq!(
        routes(&[("go.mod", "module example.org/kit\n"), ("list.go", list), ("main.go", main)]),
        [
            "/static <- main.go:8",
            "GET /all <- main.go:10 -> list.go:list",
            "GET /ping <- main.go:9",
            "GET /users/{id} <- main.go:7 -> main.go:show",
        ]
    );
}

#[test]
fn rust_routers_and_attributes() {
    let main = "mod users;\nuse axum::routing::{get, post};\nfn app() -> Router {\n    Router::new()\n        \
        .route(\"/users\", get(users::list).post(create))\n        .route(\"/live\", get(|| async { \"ok\" }))\n}\nasync fn create() {}\n\n\
        #[get(\"/items/{id}\")]\nasync fn item() -> String { String::new() }\n";
    let users = "pub async fn list() {}\n";
    let manifest = ("Cargo.toml", "[package]\nname = \"kit\"\n");
    assert_eq!(
        routes(&[manifest, ("src/main.rs", main), ("src/users.rs", users)]),
        [
            "GET /items/{id} -> src/main.rs:item",
            "GET /live <- src/main.rs:6",
            "GET /users <- src/main.rs:5 -> src/users.rs:list",
            "POST /users <- src/main.rs:5 -> src/main.rs:create",
        ]
    );
}

#[test]
fn variables_of_the_environment_are_read_and_set() {
    let found = keys(&[
        (".env.example", "# TOKEN=\nDATABASE_URL=postgres://localhost\nexport PORT=80\n"),
        ("Dockerfile", "FROM scratch\nENV PORT=8080\nENV UNRELATED=1\n"),
        (
            "app.py",
            "import os\nurl = os.environ[\"DATABASE_URL\"]\nos.environ['DEBUG'] = '1'\n\ndef port():\n    return os.getenv('PORT', os.environ.get(\"DEBUG\"))\n# os.environ['COMMENT']\nx = os.environ[name]\nmy.os.getenv('OTHER')\n",
        ),
        ("app.ts", "const a = process.env.PORT;\nconst b = process.env['DEBUG'] === 'x';\nmy.process.env.NOT;\n"),
        ("cmd/main.go", "package main\n\nimport \"os\"\n\nvar a = os.Getenv(\"PORT\")\n"),
        ("compose.yaml", "services:\n  web:\n    environment:\n      DATABASE_URL: x\n      ALONE: y\n"),
        ("p/A.java", "class A { String a = System.getenv(\"PORT\"); }\n"),
        ("src/lib.rs", "use std::env;\nfn f() { env::var(\"PORT\").ok(); env!(\"HOME_DIR\"); }\n"),
    ]);
    assert_eq!(
        found,
        [
            "DATABASE_URL read app.py:2 set .env.example:2 set compose.yaml:4",
            "DEBUG read app.py:6 read app.ts:2 set app.py:3",
            "HOME_DIR read src/lib.rs:2",
            "PORT read app.py:6 read app.ts:1 read cmd/main.go:5 read p/A.java:1 read src/lib.rs:2 set .env.example:3 set Dockerfile:2",
        ]
    );
}
