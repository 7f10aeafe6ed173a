// What Microsoft's parser makes of the cards on standard input, and what it has to say of each.
const { AdaptiveCard, SerializationContext, Version } = require("adaptivecards/dist/adaptivecards.js");
const { readFileSync } = require("node:fs");

function parse(sent) {
    const context = new SerializationContext(Version.parse(sent.version, new SerializationContext()));
    const card = new AdaptiveCard();
    card.parse(sent, context);
    const told = [];
    for (let place = 0; place < context.eventCount; place++) {
        told.push(context.getEventAt(place).message);
    }
    told.push(...card.validateProperties().validationEvents.map((event) => event.message));
    return { told, card: card.toJSON(context) };
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(parse)));
