// Reads {"items": [QTI 2.1 or 3 item, ...], "package": path, "converted": path} as JSON from stdin. QTI 2.1 goes through
// the converter of @citolab/qti-convert, items one by one and the package as a whole, and QTI 3 through its transformer.
// Says of each item the QTI 3 that came out, and what cheerio finds in it.
import { readFileSync } from 'node:fs';
import { convertPackageFile, convertQti2toQti3 } from '@citolab/qti-convert/qti-convert-node';
import { qtiTransform } from '@citolab/qti-convert/qti-transformer';
import { load } from 'cheerio';

const KINDS = {
  'qti-choice-interaction': 'choice',
  'qti-order-interaction': 'order',
  'qti-text-entry-interaction': 'text',
};

function understand(xml) {
  const $ = load(xml, { xml: true });
  const kinds = Object.keys(KINDS).filter((name) => $(name).length > 0);
  if (kinds.length !== 1) throw new Error(`interactions: ${kinds}`);
  const interaction = $(kinds[0]);
  const declaration = $(`qti-response-declaration[identifier="${interaction.attr('response-identifier')}"]`);
  const texts = (found) => found.toArray().map((element) => $(element).text());
  const body = $('qti-item-body').clone();
  body.find('qti-simple-choice').remove();
  return {
    kind: KINDS[kinds[0]],
    cardinality: declaration.attr('cardinality'),
    stem: body.text(),
    names: interaction.find('qti-simple-choice').toArray().map((choice) => $(choice).attr('identifier')),
    options: texts(interaction.find('qti-simple-choice')),
    right: texts(declaration.find('qti-correct-response > qti-value')),
    accepted: declaration.find('qti-map-entry').toArray().map((entry) => $(entry).attr('map-key')),
    feedback: $('qti-modal-feedback').text(),
  };
}

const request = JSON.parse(readFileSync(0, 'utf8'));
const answers = [];
for (const item of request.items) {
  const isVersion2 = item.includes('<assessmentItem');
  const xml = isVersion2 ? await convertQti2toQti3(item) : qtiTransform(item).xml();
  answers.push({ xml, understood: understand(xml) });
}
// The converter speaks on stdout.
console.log = console.error;
await convertPackageFile(request.package, request.converted);
process.stdout.write(JSON.stringify(answers));
