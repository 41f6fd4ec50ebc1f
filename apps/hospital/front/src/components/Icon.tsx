// SPDX-License-Identifier: MIT
// Icon: drawings of 24 by 24, in the colour of the text around them.
const paths = {
  bell: 'M12 2a1.5 1.5 0 0 0-1.5 1.5v.7A6.5 6.5 0 0 0 5.5 10.5V15L4 17.5V19h16v-1.5L18.5 15v-4.5a6.5 6.5 0 0 0-5-6.3v-.7A1.5 1.5 0 0 0 12 2zM9.8 20.5a2.3 2.3 0 0 0 4.4 0z',
  sound: 'M4 9v6h4l5 4.5v-15L8 9zm11.5-.8v7.6a4.5 4.5 0 0 0 0-7.6zm0-4v2.2a6.5 6.5 0 0 1 0 11.2v2.2a8.5 8.5 0 0 0 0-15.6z',
  muted: 'M4 9v6h4l5 4.5v-15L8 9zm17.2-.3-1.4-1.4-2.3 2.3-2.3-2.3-1.4 1.4 2.3 2.3-2.3 2.3 1.4 1.4 2.3-2.3 2.3 2.3 1.4-1.4-2.3-2.3z',
  moon: 'M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z',
  close: 'M18.4 4.2 12 10.6 5.6 4.2 4.2 5.6l6.4 6.4-6.4 6.4 1.4 1.4 6.4-6.4 6.4 6.4 1.4-1.4-6.4-6.4 6.4-6.4z',
  back: 'M11 5.6 9.6 4.2 1.8 12l7.8 7.8 1.4-1.4L5.6 13H22v-2H5.6z',
  out: 'M4 3h9v2H6v14h7v2H4zM16 7l5 5-5 5-1.4-1.4 2.6-2.6H10v-2h7.2l-2.6-2.6z',
  plus: 'M11 4h2v7h7v2h-7v7h-2v-7H4v-2h7z',
};

export const Icon = ({ name }: { name: keyof typeof paths }) => (
  <svg viewBox="0 0 24 24" aria-hidden="true"><path d={paths[name]} /></svg>
);
