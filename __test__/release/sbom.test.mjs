import { readdirSync } from 'node:fs';
import test from 'ava';
import { billOfMaterials, sbomProblem } from '../../scripts/release/sbom.mjs';

const timestamp = new Date('2026-01-02T03:04:05Z');
const bill = billOfMaterials({ timestamp });
const crate = (name) => bill.components.find(({ purl }) => purl.startsWith(`pkg:cargo/${name}@`));

test('the bill of materials is valid CycloneDX', async (t) => {
  t.is(await sbomProblem(bill), null);
});

test('what CycloneDX does not know is refused', async (t) => {
  t.regex(await sbomProblem({ ...bill, surprise: true }), /surprise/);
});

test('it is the same for the same sources', (t) => {
  t.deepEqual(billOfMaterials({ timestamp }), bill);
});

test('it names each platform package, and the crates with license, checksum and role', (t) => {
  const platforms = bill.components.filter(({ purl }) => purl.startsWith('pkg:npm/%40org/smart-m2m-'));
  t.is(platforms.length, readdirSync(new URL('../../npm', import.meta.url)).length);
  const { scope, licenses, hashes } = crate('rustls');
  t.is(scope, 'required');
  t.true(licenses[0].expression.includes('MIT'));
  t.regex(hashes[0].content, /^[0-9a-f]{64}$/);
  t.is(crate('cc').scope, 'excluded');
});

test('it does not name crates that only stand in Cargo.lock', (t) => {
  for (const name of ['ring', 'quinn', 'proptest', 'criterion']) t.is(crate(name), undefined, name);
});

test('whatever something depends on is in it', (t) => {
  const known = new Set(
    [bill.metadata.component, ...bill.components].map((component) => component['bom-ref']),
  );
  for (const { ref, dependsOn } of bill.dependencies) {
    for (const other of [ref, ...dependsOn]) t.true(known.has(other), other);
  }
});
