// The description of the interface, readable: /openapi.json as a page.

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const description = await (await fetch("/openapi.json")).json();

function resolved(schema) {
  if (!schema?.$ref) return schema ?? {};
  return description.components.schemas[schema.$ref.split("/").pop()] ?? {};
}

/** The type of a schema in a few words. */
function typed(schema) {
  if (!schema) return "";
  if (schema.$ref) return resolved(schema).enum ? resolved(schema).enum.join(" | ") : schema.$ref.split("/").pop();
  const one = schema.oneOf ?? schema.anyOf;
  if (one) return [...new Set(one.map(typed))].join(" | ");
  if (schema.enum) return schema.enum.join(" | ");
  const type = [schema.type].flat().filter(Boolean).join(" | ");
  return schema.items ? `${type} of ${typed(schema.items)}` : type;
}

/** The fields of an object, with those of what it is put together from. */
function fields(schema) {
  const { properties = {}, required = [], allOf = [] } = resolved(schema);
  const own = Object.entries(properties).map(([name, field]) => ({ name, field, required: required.includes(name) }));
  return [...allOf.flatMap(fields), ...own];
}

function table(rows) {
  return element("table", {}, ...rows.map(({ name, field, required, where, about }) => element("tr", {},
    element("td", {}, element("code", {}, name)), element("td", {}, typed(field)),
    element("td", {}, [where, required ? "required" : "", field?.default === undefined ? "" : `default ${field.default}`].filter(Boolean).join(", ")),
    element("td", {}, about ?? field?.description ?? ""))));
}

const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));

for (const tag of description.tags) {
  const of = operations.filter(({ operation }) => operation.tags?.includes(tag.name));
  const main = document.getElementById("operations");
  main.append(element("h2", {}, tag.description));
  for (const { path, method, operation } of of) {
    const part = element("section", { class: "operation" },
      element("div", {}, element("span", { class: "method" }, method.toUpperCase()), element("code", {}, path)),
      element("p", {}, [operation.summary, operation.description].filter(Boolean).join(". ")));
    const parameters = (operation.parameters ?? []).map((one) => ({
      name: one.name, field: one.schema, required: one.required, where: `in ${one.in}`, about: one.description,
    }));
    if (parameters.length) part.append(table(parameters));
    const body = operation.requestBody?.content?.["application/json"]?.schema;
    if (body) part.append(table(fields(body)));
    const answers = Object.entries(operation.responses).map(([status, { description: about, content }]) => ({
      name: status, field: Object.values(content ?? {})[0]?.schema, about,
    }));
    part.append(table(answers));
    main.append(part);
  }
}
