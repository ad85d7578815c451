import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  CompactTree,
  NoteError,
  ProofError,
  formatCheckpoint,
  formatTlogProof,
  generateSigner,
  leafHash,
  openCheckpoint,
  openNote,
  parseCheckpoint,
  parseNote,
  parseSigner,
  parseTlogProof,
  parseVerifier,
  signCheckpoint,
  signNote,
  verifyTlogProof,
} from './index.ts';

// The key and note that C2SP's implementations share.
const VERIFIER_KEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const NOTE =
  'This is an example message.\n\n' +
  '— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
// The signer key and note of Go's sumdb/note documentation.
const GO_SIGNER_KEY = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const GO_TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const GO_SIGNATURE =
  'x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=';

const ORIGIN = 'plumbline.test/log';
const signer = parseSigner(generateSigner(ORIGIN));

describe('signed notes', () => {
  it('open the published note with the published key', () => {
    const verifier = parseVerifier(VERIFIER_KEY);
    expect(openNote(NOTE, [verifier])).toBe('This is an example message.\n');
    expect(verifier.text).toBe(VERIFIER_KEY);
  });

  it('sign the published text to the published bytes', () => {
    const peter = parseSigner(GO_SIGNER_KEY);
    expect(signNote(GO_TEXT, [peter])).toBe(`${GO_TEXT}\n— PeterNeumann ${GO_SIGNATURE}\n`);
  });

  it('come back as they were signed, whatever the text', () => {
    const line = fc.string({ unit: 'grapheme' }).filter((text) => !/\p{Cc}/u.test(text));
    fc.assert(
      fc.property(fc.array(line, { minLength: 1 }), (lines) => {
        const text = `${lines.join('\n')}\n`;
        expect(openNote(signNote(text, [signer]), [signer.verifier])).toBe(text);
      }),
    );
  });

  it('are refused when any byte of the text is another', () => {
    expect(failureOf(() => openNote(NOTE.replace('example', 'exbmple'), [parseVerifier(VERIFIER_KEY)]))).toBe(
      'BAD_SIGNATURE',
    );
  });

  it('are refused when only unknown keys have signed', () => {
    expect(failureOf(() => openNote(NOTE, [signer.verifier]))).toBe('UNKNOWN_SIGNER');
  });

  it('open when an unknown key has signed beside a known one', () => {
    const witness = parseSigner(generateSigner('witness.test'));
    expect(openNote(signNote('x\n', [witness, signer]), [signer.verifier])).toBe('x\n');
  });

  it.each([
    ['no signature', 'text\n'],
    ['no final newline', NOTE.slice(0, -1)],
    ['a hyphen for the dash', NOTE.replace('—', '-')],
    ['a control character', NOTE.replace('an', 'a\t')],
    ['base64 without padding', NOTE.replace('aQM=', 'aQM')],
    ['a signature of the key id alone', 'text\n\n— name Uw2QOg==\n'],
    ['empty input', ''],
    ['a million signatures', `text\n\n${'— name Uw2QOgE=\n'.repeat(101)}`],
  ])('are malformed with %s', (_, note) => {
    expect(failureOf(() => parseNote(note))).toBe('MALFORMED');
  });

  it.each(['', 'two words', 'a+b', 'line\nbreak', 'no\u00a0break'])('have no signer named %j', (name) => {
    expect(failureOf(() => generateSigner(name))).toBe('BAD_KEY');
  });

  it.each([
    ['another key id', VERIFIER_KEY.replace('530d903a', '530d903b')],
    ['another name', VERIFIER_KEY.replace('foo', 'bar')],
    ['another algorithm', 'example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
    ['a short key', 'example.com/foo+530d903a+Aekyeg=='],
    ['no parts', 'example.com/foo'],
  ])('refuse a verifier key with %s', (_, text) => {
    expect(failureOf(() => parseVerifier(text))).toBe('BAD_KEY');
  });

  it('refuse a signer key that is a verifier key, or whose id is another', () => {
    expect(failureOf(() => parseSigner(VERIFIER_KEY))).toBe('BAD_KEY');
    expect(failureOf(() => parseSigner(GO_SIGNER_KEY.replace('c74f20a3', 'c74f20a4')))).toBe('BAD_KEY');
  });
});

describe('checkpoints', () => {
  const checkpoint = { origin: ORIGIN, size: 20852163n, root: leafHash(Buffer.of(1)), extensions: [] };

  it('come back as they were signed', () => {
    const note = signCheckpoint(checkpoint, [signer]);
    expect(openCheckpoint(note, ORIGIN, [signer.verifier])).toEqual(checkpoint);
  });

  it('read the example of the specification', () => {
    const text = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
    const read = parseCheckpoint(text);
    expect(read).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20852163n, extensions: [] });
    expect(formatCheckpoint(read)).toBe(text);
  });

  it('keep extension lines', () => {
    const extended = { ...checkpoint, extensions: ['one', 'two'] };
    expect(parseCheckpoint(formatCheckpoint(extended))).toEqual(extended);
  });

  it('of another log are refused even when the key is trusted', () => {
    const note = signCheckpoint(checkpoint, [signer]);
    expect(failureOf(() => openCheckpoint(note, 'other.test/log', [signer.verifier]))).toBe('OTHER_ORIGIN');
  });

  it.each([
    ['a size with leading zeros', `${ORIGIN}\n007\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n`],
    ['a negative size', `${ORIGIN}\n-7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n`],
    ['a size that is no number', `${ORIGIN}\n0x7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n`],
    ['a short root', `${ORIGIN}\n7\nCsUYapGGPo4=\n`],
    ['no origin', `\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n`],
    ['no final newline', `${ORIGIN}\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=`],
    ['an empty extension', `${ORIGIN}\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\n`],
  ])('are malformed with %s', (_, text) => {
    expect(failureOf(() => parseCheckpoint(text))).toBe('MALFORMED');
  });

  it('are not signed with lines that would not read back', () => {
    expect(failureOf(() => formatCheckpoint({ ...checkpoint, extensions: [''] }))).toBe('MALFORMED');
    expect(failureOf(() => formatCheckpoint({ ...checkpoint, origin: 'a\nb' }))).toBe('MALFORMED');
  });
});

describe('offline proofs', () => {
  const first = Buffer.from('first');
  const second = Buffer.from('second');
  const tree = CompactTree.empty();
  tree.append(leafHash(first));
  tree.append(leafHash(second));
  const head = { origin: ORIGIN, size: 2n, root: tree.root(), extensions: [] };
  const checkpoint = signCheckpoint(head, [signer]);
  const file = formatTlogProof({ index: 0n, hashes: [leafHash(second)], checkpoint });

  it('verify the entry that they were made for', () => {
    expect(verifyTlogProof(file, first, ORIGIN, [signer.verifier])).toEqual(head);
  });

  it('skip extra data', () => {
    const withExtra = file.replace('\nindex', '\nextra YWdl\nindex');
    expect(parseTlogProof(withExtra)).toEqual(parseTlogProof(file));
  });

  it('prove nothing of another entry, another log or another key', () => {
    const stranger = parseSigner(generateSigner(ORIGIN)).verifier;
    expect(() => verifyTlogProof(file, second, ORIGIN, [signer.verifier])).toThrow(ProofError);
    expect(() => verifyTlogProof(file, first, 'other.test/log', [signer.verifier])).toThrow(NoteError);
    expect(() => verifyTlogProof(file, first, ORIGIN, [stranger])).toThrow(NoteError);
  });

  it.each([
    ['another header', file.replace('@v1', '@v2')],
    ['no index', file.replace('index 0\n', '')],
    ['a signed index', file.replace('index 0', 'index -0')],
    ['a hash that is none', file.replace('index 0\n', 'index 0\nAAAA\n')],
    ['no checkpoint', file.slice(0, file.indexOf('\n\n'))],
  ])('are malformed with %s', (_, text) => {
    expect(failureOf(() => parseTlogProof(text))).toBe('MALFORMED');
  });
});

function failureOf(attempt: () => unknown): string | undefined {
  try {
    attempt();
  } catch (error) {
    if (error instanceof NoteError) return error.failure;
    throw error;
  }
  return undefined;
}
